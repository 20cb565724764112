/** IKubeflow: puts the services together, and knows whether the server is there. */
import { EventManager, type ServiceManager } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import { Signal } from '@lumino/signaling';
import type { IKubeflow } from '../tokens';
import type { Change, Where } from '../wire';
import { Events, type IBus } from './events';
import { Paced } from './paced';
import { KfError, Rest } from './rest';
import { Rows } from './rows';
import { Runs } from './runs';
import { LateStreams } from './latestreams';
import { Wake } from './wake';

const COUNT_MS = 300;
/** After so long without one, a lost request is looked into at once again. */
const CALM_MS = 60_000;
const MOST_MS = 30_000;
const DENIED: ReadonlySet<number> = new Set([401, 403]);
/** While the server does not answer, it is asked at least so often. */
const RETRY_MS = 15_000;
/** So long after an answer its change has come by the stream as well, if it comes at all. */
const GRACE_MS = 5_000;
/** Signs of having slept come together: one look for all of them. */
const WAKE_MS = 5_000;

/** What is needed of JupyterLab's services. */
export type IServices = Pick<
  ServiceManager.IManager,
  'serverSettings' | 'events' | 'connectionFailure'
>;

type Settings = IServices['serverSettings'];

export class Kubeflow implements IKubeflow, IDisposable {
  /**
   * @param services - of JupyterLab.
   * @param open - opens another stream of events, in place of one that died in silence.
   */
  constructor(
    private readonly services: IServices,
    private readonly open: (settings: Settings) => IBus & IDisposable = settings =>
      new EventManager({ serverSettings: settings })
  ) {
    this.rest = new Rest(
      services.serverSettings,
      () => this.doubt(),
      at => this.events.read(at),
      () => this.counting.ask() // what one may do was another thing than it is
    );
    this.runs = new Runs(this.rest);
    this.streams = new LateStreams(this.rest);
    this.rows = new Rows(
      this.runs,
      change => this.tell(change),
      () => this.doubt()
    );
    this.events = new Events(services.events);
    this.events.changed.connect((_, change) => this.rows.take(change));
    this.events.stale.connect(() => {
      this.missed();
      this.counting.ask(); // what is said of where it is may be as old
    });
    // Only while the server does not answer: an idle page asks nothing.
    this.retry = new Poll({
      auto: false,
      factory: () => this.look(),
      standby: 'when-hidden'
    });
    // Set here, for the constructor takes no `max` below its own.
    this.retry.frequency = { interval: 1_000, backoff: true, max: RETRY_MS };
    services.connectionFailure.connect(this.doubt, this);
    document.addEventListener('visibilitychange', this.onVisibility);
    this.ready = this.look().catch(() => undefined);
  }

  readonly rest: Rest;
  readonly runs: Runs;
  readonly streams: LateStreams;
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

  get denied(): boolean {
    return this._denied;
  }

  get isDisposed(): boolean {
    return this.events.isDisposed;
  }

  dispose(): void {
    document.removeEventListener('visibilitychange', this.onVisibility);
    this.services.connectionFailure.disconnect(this.doubt, this);
    window.clearTimeout(this.doubting);
    window.clearTimeout(this.checking);
    this.counting.dispose();
    this.wake.dispose();
    this.waking.dispose();
    this.events.dispose();
    this.own?.dispose();
    this.retry.dispose();
    Signal.clearData(this);
  }

  /** Asks the server where it is; a restarted one, or missed events, make all stale. */
  private async look(): Promise<void> {
    let told: Where | null = null;
    const before = this._trouble;
    const turn = (this.turns += 1);
    try {
      told = (await (await this.rest.raw('where')).json()) as Where;
      if (this.isDisposed) {
        return;
      }
      this._trouble = null;
      this._denied = false;
      if (this.newer(told, turn)) {
        [this._where, this.taken] = [told, turn];
        this.events.read(told);
      } else {
        told = null; // it was overtaken
      }
    } catch (failure) {
      this._denied = failure instanceof KfError && DENIED.has(failure.status);
      this._trouble = failure instanceof KfError ? sentence(failure) : String(failure);
      if (failure instanceof KfError && failure.unreachable) {
        this.doubt();
        throw failure; // the poll backs off
      }
    } finally {
      if (!this.isDisposed && (before !== this._trouble || this._where)) {
        this.whereChanged.emit();
      }
    }
    this.found(told !== null && this.events.compare(told));
    if (this.events.behind) {
      window.clearTimeout(this.checking);
      this.checking = window.setTimeout(() => this.check(), GRACE_MS);
    }
  }

  /** Answers overtake each other; of two starts of the server, what was asked for later counts. */
  private newer(told: Where, turn: number): boolean {
    const known = this._where;
    return known?.epoch === told.epoch && known.seq !== told.seq
      ? told.seq > known.seq
      : turn > this.taken;
  }

  /** The changes that an answer knew of should have come by the stream: if not, it is dead. */
  private check(): void {
    if (this.events.behind && !this.isDisposed) {
      this.renew();
    }
  }

  /**
   * Listens to another stream: nothing but its silence tells that the one before is dead.
   *
   * Where none has ever said anything, JupyterLab itself goes on trying.
   */
  private renew(): void {
    if (this.events.heard) {
      this.own?.dispose();
      this.own = this.open(this.services.serverSettings);
      this.events.listen(this.own);
    }
  }

  /**
   * The server may be gone: it is asked until it answers, at once at first.
   *
   * When it answers and requests are lost all the same, it is asked ever later: what is fetched
   * again after each answer would otherwise be lost again, and so on without a pause.
   */
  private doubt(): void {
    if (this.lost || this.isDisposed) {
      return;
    }
    this.lost = true;
    const rested = performance.now() - this.found_ms > CALM_MS;
    this.alarms = rested ? 0 : this.alarms + 1;
    const wait = rested ? 0 : Math.min(MOST_MS, 500 * 2 ** this.alarms);
    const retry = () => void this.retry.start();
    this.doubting = window.setTimeout(retry, wait);
  }

  /** The server answered. What was lost on the way to it is fetched again, like what was missed. */
  private found(missed: boolean): void {
    void this.retry.stop();
    const { lost } = this;
    if (lost) {
      window.clearTimeout(this.doubting);
      this.lost = false;
      this.found_ms = performance.now();
    }
    if (lost || missed) {
      this.missed();
    }
  }

  private missed(): void {
    this.rows.again();
    this.stale.emit();
  }

  private tell(change: Change): void {
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
      this.counting.ask(); // how many run and wait
    }
    this.changed.emit(change);
  }

  private readonly onVisibility = (): void => {
    if (document.visibilityState === 'visible') {
      void this.look().catch(() => undefined);
    }
  };

  private own: (IBus & IDisposable) | null = null;
  private readonly wake = new Wake(() => this.waking.ask());
  private readonly waking = new Paced(() => {
    this.renew();
    return this.look();
  }, WAKE_MS);
  private readonly events: Events;
  private readonly retry: Poll;
  private readonly rows: Rows;
  private readonly counted = new Map<string, string>();
  private readonly counting = new Paced(() => this.look(), COUNT_MS);
  private alarms = 0;
  private doubting = 0;
  private found_ms = -Infinity;
  private lost = false;
  private _denied = false;
  private checking = 0;
  /** How many times it was asked where it is, and which time gave the answer that is known. */
  private turns = 0;
  private taken = 0;
  private _where: Where | null = null;
  private _trouble: string | null = null;
}

/** A refusal in one line: what and what to do. */
export function sentence({ problem }: KfError): string {
  const parts = [problem.message, problem.cause, problem.fix].filter(Boolean);
  return parts.map(part => part.replace(/\.+$/, '')).join('; ');
}
