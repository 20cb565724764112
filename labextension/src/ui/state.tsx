/** A state as a shape, a colour and a word: never by colour alone. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { State } from '../wire';
import { useKf } from './context';

const SHAPES: Record<State, React.ReactElement> = {
  PENDING: <circle cx="8" cy="8" r="5.2" strokeDasharray="2.2 2" />,
  RUNNING: <path d="M8 2.8a5.2 5.2 0 1 1-5.2 5.2" />,
  READY: (
    <>
      <circle cx="8" cy="8" r="5.2" />
      <circle cx="8" cy="8" r="2.2" className="jp-Kf-filled" />
    </>
  ),
  SUCCEEDED: <path d="M3.2 8.4l3.2 3.2 6.4-7" />,
  FAILED: <path d="M4 4l8 8M12 4l-8 8" />,
  CANCELLED: <path d="M3.5 8h9" />,
  LOST: <path d="M5.6 6.2c0-3.6 5-3.4 5-.3 0 2-2.5 2-2.5 4M8 12.4v.6" />
};

/** Of a run of kind `serve` nothing was cancelled: somebody stopped it. */
export function stateWord(state: State, trans: TranslationBundle, kind = ''): string {
  switch (state) {
    case 'PENDING':
      return trans.__('Pending');
    case 'RUNNING':
      return trans.__('Running');
    case 'READY':
      return trans.__('Ready');
    case 'SUCCEEDED':
      return trans.__('Succeeded');
    case 'FAILED':
      return trans.__('Failed');
    case 'CANCELLED':
      return kind === 'serve' ? trans.__('Stopped') : trans.__('Cancelled');
    case 'LOST':
      return trans.__('Lost');
  }
}

export function StateIcon({ state }: { state: State }): React.ReactElement {
  return (
    <svg
      className="jp-Kf-stateIcon"
      data-state={state}
      viewBox="0 0 16 16"
      aria-hidden="true"
      focusable="false"
    >
      {SHAPES[state]}
    </svg>
  );
}

/** Icon and word; `live` makes a screen reader say when it changes. */
export function StateBadge(props: {
  state: State;
  kind?: string;
  live?: boolean;
}): React.ReactElement {
  const { trans } = useKf();
  return (
    <span
      className="jp-Kf-state"
      data-state={props.state}
      aria-live={props.live ? 'polite' : undefined}
    >
      <StateIcon state={props.state} />
      <span>{stateWord(props.state, trans, props.kind)}</span>
    </span>
  );
}
