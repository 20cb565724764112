/** IKubeflow: puts the services together, and knows whether the server is there. */
import type { ServiceManager } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import { Signal } from '@lumino/signaling';
import type { IKubeflow } from '../tokens';
import type { Change, Where } from '../wire';
import { Events } from './events';
import { KfError, Rest } from './rest';
import { Runs } from './runs';
import { Streams } from './streams';

/** What is needed of JupyterLab's services. */
export type IServices = Pick<
  ServiceManager.IManager,
  'serverSettings' | 'events' | 'connectionFailure'
>;

export class Kubeflow implements IKubeflow, IDisposable {
  constructor(services: IServices) {
    this.rest = new Rest(services.serverSettings);
    this.runs = new Runs(this.rest);
    this.streams = new Streams(this.rest);
    this.events = new Events(services.events);
    this.events.changed.connect(this.onChange, this);
    this.events.stale.connect(() => this.stale.emit());
    // Only while the server does not answer: an idle page asks nothing.
    this.retry = new Poll({
      auto: false,
      factory: () => this.look(),
      frequency: { interval: 1_000, backoff: true, max: 15_000 },
      standby: 'when-hidden'
    });
    services.connectionFailure.connect(() => this.doubt());
    document.addEventListener('visibilitychange', this.onVisibility);
    this.ready = this.look().catch(() => undefined);
  }

  readonly rest: Rest;
  readonly runs: Runs;
  readonly streams: Streams;
  readonly ready: Promise<void>;
  readonly whereChanged = new Signal<this, void>(this);
  readonly changed = new Signal<this, Change>(this);
  readonly stale = new Signal<this, void>(this);

  get where(): Where | null {
    return this._where;
  }

  get trouble(): string | null {
    return this._trouble;
  }

  get isDisposed(): boolean {
    return this.events.isDisposed;
  }

  dispose(): void {
    document.removeEventListener('visibilitychange', this.onVisibility);
    this.events.dispose();
    this.retry.dispose();
    Signal.clearData(this);
  }

  /** Asks the server where it is; a restarted one, or missed events, make all stale. */
  private async look(): Promise<void> {
    const before = this._trouble;
    try {
      this._where = await this.rest.get<Where>('where');
      this._trouble = null;
      this.events.compare(this._where);
      this.calm();
    } catch (failure) {
      this._trouble = failure instanceof KfError ? sentence(failure) : String(failure);
      if (failure instanceof KfError && failure.unreachable) {
        this.doubt();
        throw failure; // the poll backs off
      }
      this.calm();
    } finally {
      if (before !== this._trouble || this._where) {
        this.whereChanged.emit();
      }
    }
  }

  private doubt(): void {
    if (!this.retrying) {
      this.retrying = true;
      void this.retry.start();
    }
  }

  private calm(): void {
    this.retrying = false;
    void this.retry.stop();
  }

  private onChange(_: unknown, change: Change): void {
    this.runs.apply(change);
    // A run that waited begins without a word but 'changed'; progress counts nothing. The states
    // that were counted are kept here: a page may have fetched the run before its event came.
    const { action, row, id } = change;
    const moved =
      action !== 'changed' || (row !== null && row.state !== this.counted.get(id));
    if (change.thing === 'run' && moved) {
      if (row === null || action === 'ended' || action === 'deleted') {
        this.counted.delete(id);
      } else {
        this.counted.set(id, row.state);
      }
      this.count();
    }
    this.changed.emit(change);
  }

  /** How many run and wait, after one moved on; several events at once ask once. */
  private count(): void {
    window.clearTimeout(this.counting);
    this.counting = window.setTimeout(
      () => void this.look().catch(() => undefined),
      100
    );
  }

  private readonly onVisibility = (): void => {
    if (document.visibilityState === 'visible') {
      void this.look().catch(() => undefined);
    }
  };

  private readonly events: Events;
  private readonly retry: Poll;
  private readonly counted = new Map<string, string>();
  private counting = 0;
  private retrying = false;
  private _where: Where | null = null;
  private _trouble: string | null = null;
}

/** A refusal in one line: what and what to do. */
export function sentence({ problem }: KfError): string {
  const parts = [problem.message, problem.cause, problem.fix].filter(Boolean);
  return parts.map(part => part.replace(/\.+$/, '')).join('; ');
}
