/** Stand-ins for the server and JupyterLab's services, with the same shapes. */
import { Signal } from '@lumino/signaling';
import { KfError, type IRest, type Query } from '../services/rest';
import { Runs } from '../services/runs';
import type { IStreamOptions } from '../services/streams';
import type { IKubeflow } from '../tokens';
import type { Change, RunRow, Study, Trial, Where } from '../wire';

export function row(id: string, more: Partial<RunRow> = {}): RunRow {
  return {
    id,
    kind: 'train',
    name: id.split('-')[0],
    state: 'RUNNING',
    reason: '',
    created_s: 1,
    started_s: 2,
    ended_s: null,
    progress: null,
    remaining_s: null,
    metrics: {},
    error: null,
    backend: 'local',
    ...more
  };
}

export function change(seq: number, more: Partial<Change> = {}): Change {
  return {
    seq,
    epoch: 'a',
    thing: 'run',
    id: 'x',
    action: 'changed',
    row: null,
    ...more
  };
}

export function trial(number: number, more: Partial<Trial> = {}): Trial {
  return {
    number,
    state: 'SUCCEEDED',
    params: { lr: 0.1 * (number + 1), kind: number % 2 ? 'a' : 'b' },
    values: [number],
    run_id: '',
    reason: '',
    duration_s: 1,
    model: '',
    ...more
  };
}

export function study(trials: Trial[], maximize = true): Study {
  const run = { spec: {} } as Study['run'];
  const total = trials.length;
  return { run, metrics: ['auc'], maximize: [maximize], trials, best: [], total };
}

type Answer = (path: string, query: Query, init: RequestInit) => unknown;

/** Answers from functions instead of a server; keeps what it was asked. */
export class FakeRest implements IRest {
  constructor(public answer: Answer = () => ({})) {}

  readonly asked: string[] = [];

  url(path: string): string {
    return `/${path}`;
  }

  async get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
    this.asked.push(`GET ${path} ${JSON.stringify(query)}`);
    const answer = await this.answer(path, query, {});
    signal?.throwIfAborted();
    return answer as T;
  }

  async post<T>(
    path: string,
    body: unknown = {},
    _query: Query = {},
    signal?: AbortSignal
  ): Promise<T> {
    this.asked.push(`POST ${path} ${JSON.stringify(body)}`);
    const answer = await this.answer(path, {}, { method: 'POST' });
    signal?.throwIfAborted();
    return answer as T;
  }

  async remove<T>(path: string): Promise<T> {
    this.asked.push(`DELETE ${path}`);
    return (await this.answer(path, {}, { method: 'DELETE' })) as T;
  }

  async raw(
    path: string,
    init: RequestInit = {},
    query: Query = {}
  ): Promise<Response> {
    this.asked.push(`RAW ${path} ${JSON.stringify(init.headers ?? {})}`);
    return (await this.answer(path, query, init)) as Response;
  }
}

/** The data behind the panels, moved by the test. */
export class FakeKubeflow implements IKubeflow {
  constructor(readonly rest: FakeRest = new FakeRest()) {
    this.runs = new Runs(rest);
  }

  readonly runs: Runs;
  readonly opened: { path: string; options: IStreamOptions; closed: boolean }[] = [];
  readonly streams = {
    open: (path: string, options: IStreamOptions) => {
      const stream = { path, options, closed: false };
      this.opened.push(stream);
      return {
        isDisposed: false,
        dispose: () => {
          stream.closed = true;
        }
      };
    }
  };
  where: Where | null = null;
  trouble: string | null = null;
  denied = false;
  readonly whereChanged = new Signal<this, void>(this);
  readonly changed = new Signal<this, Change>(this);
  readonly stale = new Signal<this, void>(this);
  readonly ready = Promise.resolve();

  /** An event, as the real one tells it. */
  tell(change: Change): void {
    this.runs.apply(change);
    this.changed.emit(change);
  }
}

export function refusal(status: number, code = 'kf-1105'): KfError {
  return new KfError(status, { code, message: 'no', cause: 'because', fix: 'do' });
}

/** Waits until it holds; fails after some seconds. */
export async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 2_000; turn++) {
    if (holds()) {
      return;
    }
    await new Promise(resolve => setTimeout(resolve, 10));
  }
  throw new Error('it never came to be');
}
