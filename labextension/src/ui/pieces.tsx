/** Small pieces that all pages use: problems, facts, buttons, progress, tabs. */
import * as React from 'react';
import '../../style/pieces.css';
import type { KfError } from '../services/rest';
import { useKf } from './context';
import { ProblemBox } from './problem';

export { Asking, ConfirmButton } from './asking';
export { Button } from './button';
export { Facts } from './facts';
export { ProblemBox } from './problem';

export function ErrorBox(props: {
  error: KfError;
  onRetry?: () => void;
}): React.ReactElement {
  return <ProblemBox problem={props.error.problem} onRetry={props.onRetry} />;
}

/** A share done, 0 to 1; null when it isn't known, which is shown as such. */
export function Progress(props: {
  share: number | null;
  label: string;
  /** It ended there, and goes no further. */
  ended?: boolean;
}): React.ReactElement {
  const known = props.share !== null && Number.isFinite(props.share);
  const percent = known
    ? Math.round(Math.min(1, Math.max(0, props.share!)) * 100)
    : undefined;
  return (
    <div
      className={`jp-Kf-progress${known ? '' : ' jp-mod-unknown'}${props.ended ? ' jp-mod-ended' : ''}`}
      role="progressbar"
      aria-label={props.label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
    >
      <div style={{ width: known ? `${percent}%` : undefined }} />
    </div>
  );
}

/** A part of a page under a heading. */
export function Section(props: {
  title: string;
  aside?: React.ReactNode;
  children: React.ReactNode;
  className?: string;
}): React.ReactElement {
  return (
    <section
      className={`jp-Kf-section ${props.className ?? ''}`}
      aria-label={props.title}
    >
      <div className="jp-Kf-sectionHead">
        <h3>{props.title}</h3>
        {props.aside}
      </div>
      {props.children}
    </section>
  );
}

export interface ITab {
  id: string;
  label: string;
  render: () => React.ReactNode;
}

/** Tabs by the pattern that screen readers and keyboards know. */
export function Tabs(props: {
  tabs: readonly ITab[];
  label: string;
}): React.ReactElement {
  const [chosen, choose] = React.useState(props.tabs[0].id);
  const base = React.useId();
  const tab = props.tabs.find(({ id }) => id === chosen) ?? props.tabs[0];
  const onKey = (event: React.KeyboardEvent<HTMLElement>) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) {
      const at = props.tabs.indexOf(tab) + step + props.tabs.length;
      const next = props.tabs[at % props.tabs.length];
      choose(next.id);
      document.getElementById(`${base}${next.id}`)?.focus();
      event.preventDefault();
    }
  };
  return (
    <div className="jp-Kf-tabs">
      <div role="tablist" aria-label={props.label} onKeyDown={onKey}>
        {props.tabs.map(({ id, label }) => (
          <button
            key={id}
            id={base + id}
            type="button"
            role="tab"
            aria-selected={id === tab.id}
            aria-controls={`${base}panel`}
            tabIndex={id === tab.id ? 0 : -1}
            onClick={() => choose(id)}
          >
            {label}
          </button>
        ))}
      </div>
      <div
        role="tabpanel"
        id={`${base}panel`}
        aria-labelledby={base + tab.id}
        className="jp-Kf-tabPanel"
        tabIndex={0}
      >
        {tab.render()}
      </div>
    </div>
  );
}

/** Grey bars where text will stand, so that nothing moves when it comes. */
export function Skeleton({ lines = 3 }: { lines?: number }): React.ReactElement {
  const { trans } = useKf();
  return (
    <div className="jp-Kf-skeleton" role="status" aria-label={trans.__('Loading')}>
      {Array.from({ length: lines }, (_, index) => (
        <div key={index} />
      ))}
    </div>
  );
}
