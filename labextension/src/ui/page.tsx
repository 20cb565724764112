/** What the pages have in common: a head, a body of sections, links between things, code. */
import * as React from 'react';
import { CommandIDs, type Thing } from '../tokens';
import type { KfError } from '../services/rest';
import type { Version } from '../wire';
import { AGES_MS, useClock } from './clock';
import { useKf } from './context';
import { formatAgo } from './format';
import { shortDigest } from './names';
import { type IFetched, useFetched } from './hooks';
import { LineageView } from './lineage';
import { Button, ErrorBox, Section, Skeleton } from './pieces';
// The head of a page and its lineage look as on the page of a run.
import '../../style/run.css';
import '../../style/pages.css';

export { ActionNote, type IAction, useAction } from './action';

/** The top of a page: what it is, how it is, what can be done. */
export function PageHead(props: {
  title: string;
  /** What kind of thing it is, in a word. */
  kind: string;
  badge?: React.ReactNode;
  detail?: React.ReactNode;
  actions?: React.ReactNode;
}): React.ReactElement {
  return (
    <div className="jp-Kf-head">
      <div className="jp-Kf-headLine">
        <h2>{props.title}</h2>
        {props.badge}
        <span className="jp-Kf-quiet">{props.kind}</span>
        <span className="jp-Kf-grow" />
        {props.actions}
      </div>
      <div className="jp-Kf-headFacts jp-Kf-quiet">{props.detail}</div>
    </div>
  );
}

/** Where it came from and what was made of it. */
export function LineageSection({ thing }: { thing: string }): React.ReactElement {
  const { trans } = useKf();
  return (
    <Section title={trans.__('Lineage')} className="jp-Kf-lineageSection">
      <LineageView thing={thing} />
    </Section>
  );
}

/** What was fetched as a page; grey bars before, and the server's own words when it says no. */
export function Fetched<T>(props: {
  told: IFetched<T>;
  children: (data: T) => React.ReactElement;
}): React.ReactElement {
  const { data, error, again } = props.told;
  if (error && !data) {
    return <ErrorBox error={error} onRetry={again} />;
  }
  return data ? (
    <>
      {error ? <Outdated error={error} again={again} /> : null}
      {props.children(data)}
    </>
  ) : (
    <Skeleton lines={8} />
  );
}

/** Says that what is shown is what was known last, and why. */
export function Outdated(props: {
  error: KfError;
  again: () => void;
}): React.ReactElement {
  const { trans } = useKf();
  const { message, cause } = props.error.problem;
  return (
    <div className="jp-Kf-inline jp-Kf-pad jp-Kf-quiet" role="status" title={cause}>
      {trans.__('As it was known last: %1.', message)}{' '}
      <Button label={trans.__('Try again')} onClick={props.again} />
    </div>
  );
}

/** As `useFetched`; while another version is on its way, the last one stays, without a flash. */
export function useKept<T>(...asked: Parameters<typeof useFetched<T>>): IFetched<T> {
  const told = useFetched<T>(...asked);
  const last = React.useRef<T | null>(null);
  last.current = told.data ?? last.current;
  return { ...told, data: told.error ? told.data : last.current };
}

/** A name that opens the page of its thing. */
export function ThingLink(props: {
  thing: Thing;
  id: string;
  label?: React.ReactNode;
  title?: string;
}): React.ReactElement {
  const { commands } = useKf();
  const { thing, id } = props;
  return (
    <button
      type="button"
      className="jp-Kf-thing"
      title={props.title}
      onClick={() => void commands.execute(CommandIDs.open, { thing, id })}
    >
      {props.label ?? id}
    </button>
  );
}

/**
 * Text as it was written, in the font of code, with numbers of lines beside it.
 *
 * `first` is the number of the first line; lines before the first have none.
 */
export function CodeBlock(props: {
  code: string;
  label: string;
  first?: number;
}): React.ReactElement {
  const { first = 1 } = props;
  const lines = props.code.replace(/\n$/, '').split('\n');
  const numbers = lines.map((_, at) => (at + first > 0 ? at + first : '')).join('\n');
  return (
    <div className="jp-Kf-source" tabIndex={0} role="region" aria-label={props.label}>
      <pre aria-hidden="true" className="jp-Kf-sourceNumbers">
        {numbers}
      </pre>
      <pre>{props.code.replace(/\n$/, '')}</pre>
    </div>
  );
}

/** Which version is looked at; nothing when there is only one. */
export function VersionSelect(props: {
  versions: readonly Version[];
  chosen: number;
  choose: (n: number) => void;
}): React.ReactElement | null {
  return props.versions.length < 2 ? null : <Choice {...props} />;
}

function Choice(props: Parameters<typeof VersionSelect>[0]): React.ReactElement {
  const { trans } = useKf();
  const ref = React.useRef<HTMLSelectElement>(null);
  useClock(ref, AGES_MS);
  return (
    <select
      ref={ref}
      className="jp-mod-styled jp-Kf-select"
      aria-label={trans.__('Version')}
      value={props.chosen}
      onChange={event => props.choose(Number(event.target.value))}
    >
      {[...props.versions].reverse().map(({ n, digest, created_s }) => (
        <option key={n} value={n} title={shortDigest(digest)}>
          {trans.__('version %1, %2', n, formatAgo(created_s))}
        </option>
      ))}
    </select>
  );
}
