/** Signals and fetches as React state. */
import * as React from 'react';
import { Paced } from '../services/paced';
import { KfError, mayPass } from '../services/rest';
import { words } from '../services/words';
import type { Change, RunRow } from '../wire';
import { useKf } from './context';

export { useSignal } from './signal';

/**
 * The last known row of one run, kept by events; undefined when nobody asked for it yet.
 *
 * It is read again once events are listened to: one may have come since what is drawn was drawn.
 */
export function useRunRow(id: string): RunRow | undefined {
  const { kf } = useKf();
  const [row, setRow] = React.useState(kf.runs.get(id));
  React.useEffect(() => {
    const onRow = (_: unknown, change: { id: string; row: RunRow | null }) => {
      if (change.id === id && change.row) {
        setRow(change.row);
      }
    };
    kf.runs.changed.connect(onRow);
    setRow(kf.runs.get(id));
    return () => {
      kf.runs.changed.disconnect(onRow);
    };
  }, [kf, id]);
  return row;
}

export interface IFetched<T> {
  data: T | null;
  error: KfError | null;
  /** Fetch again, for instance after an action. */
  again: () => void;
}

/** Changes come in bursts; nobody reads faster. */
const PACE_MS = 100;

/**
 * Fetches, and fetches again when something relevant changed on the server.
 *
 * While a newer answer is on its way the last one stays, so nothing on the page jumps. Changes
 * that come meanwhile lead to one more fetch, not to one each. A failure of the server, not its
 * refusal, is asked again some times.
 *
 * @param pace_ms - how often at most, given what was fetched last: what is large is fetched rarely.
 */
export function useFetched<T>(
  key: string,
  fetch: (signal: AbortSignal) => Promise<T>,
  concerns: (change: Change) => boolean,
  pace_ms: (data: T | null) => number = () => PACE_MS
): IFetched<T> {
  const { kf } = useKf();
  const [state, setState] = React.useState<{ data: T | null; error: KfError | null }>({
    data: null,
    error: null
  });
  const latest = React.useRef({ fetch, concerns });
  latest.current = { fetch, concerns };
  const run = React.useRef<() => void>(() => undefined);
  React.useEffect(() => {
    let last: T | null = null;
    let abort = new AbortController();
    setState(known =>
      known.data || known.error ? { data: null, error: null } : known
    );
    const load = async (): Promise<void> => {
      const { signal } = (abort = new AbortController());
      try {
        const data = await latest.current.fetch(signal);
        if (!signal.aborted) {
          last = data;
          setState({ data, error: null });
        }
      } catch (failure) {
        if (!signal.aborted) {
          const error = asKfError(failure);
          // What is shown stays beside the failure, unless it is gone: a server that ends or
          // begins answers in many ways, and nobody's page is to be lost by that.
          setState(known => ({
            data: error.status === 404 ? null : known.data,
            error
          }));
          throw failure; // it is asked for again where that may help
        }
      }
    };
    const loading = new Paced(load, () => pace_ms(last), mayPass);
    const onChange = (_: unknown, change: Change) => {
      if (latest.current.concerns(change)) {
        loading.ask();
      }
    };
    const onStale = () => {
      abort.abort(); // it may hang since this computer slept, and is old in any case
      loading.ask();
    };
    run.current = () => loading.ask();
    kf.changed.connect(onChange);
    kf.stale.connect(onStale);
    loading.ask();
    return () => {
      abort.abort();
      loading.dispose();
      kf.changed.disconnect(onChange);
      kf.stale.disconnect(onStale);
    };
  }, [key, kf]);
  const again = React.useCallback(() => run.current(), []);
  return { ...state, again };
}

/** Any failure as one that can be shown. */
export function asKfError(failure: unknown): KfError {
  if (failure instanceof KfError) {
    return failure;
  }
  const message = failure instanceof Error ? failure.message : String(failure);
  const trans = words();
  return new KfError(500, {
    code: 'kf-9000',
    message,
    cause: trans.__('this is a mistake in the page'),
    fix: trans.__('reload the page; the browser console has the details')
  });
}

/** The width of an element in whole pixels; 0 until it is known. */
export function useSize(ref: React.RefObject<HTMLElement>): {
  width: number;
  height: number;
} {
  const [size, setSize] = React.useState({ width: 0, height: 0 });
  React.useLayoutEffect(() => {
    const element = ref.current;
    if (!element) {
      return;
    }
    const measure = () => {
      const { clientWidth: width, clientHeight: height } = element;
      setSize(known =>
        known.width === width && known.height === height ? known : { width, height }
      );
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [ref]);
  return size;
}
