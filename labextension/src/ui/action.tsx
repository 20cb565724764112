/** Something that a button does: busy, done or refused, and the words for it. */
import * as React from 'react';
import type { KfError } from '../services/rest';
import { asKfError } from './hooks';
import { ProblemBox } from './problem';

export interface IAction {
  /** What is being done now, or null. */
  busy: string | null;
  /** What was done last, as a sentence. */
  done: React.ReactNode;
  error: KfError | null;
  /** Does it; only one thing at a time. */
  run: (name: string, action: () => Promise<React.ReactNode>) => void;
  /** Forget what was said. */
  clear: () => void;
}

/** Something that a button does: busy, then a sentence or the server's refusal. */
export function useAction(): IAction {
  const [state, set] = React.useState<Omit<IAction, 'run' | 'clear'>>({
    busy: null,
    done: null,
    error: null
  });
  const alive = React.useRef(true);
  React.useEffect(() => {
    alive.current = true;
    return () => {
      alive.current = false;
    };
  }, []);
  const run = React.useCallback(
    (name: string, action: () => Promise<React.ReactNode>) => {
      set({ busy: name, done: null, error: null });
      action().then(
        done => alive.current && set({ busy: null, done, error: null }),
        failure =>
          alive.current && set({ busy: null, done: null, error: asKfError(failure) })
      );
    },
    []
  );
  const clear = React.useCallback(
    () => set({ busy: null, done: null, error: null }),
    []
  );
  return { ...state, run, clear };
}

/** How the last action went; a screen reader says it. */
export function ActionNote({ action }: { action: IAction }): React.ReactElement {
  return (
    <div className="jp-Kf-note" aria-live="polite">
      {action.error ? (
        <ProblemBox problem={action.error.problem} />
      ) : action.done ? (
        <p className="jp-Kf-done">{action.done}</p>
      ) : null}
    </div>
  );
}
