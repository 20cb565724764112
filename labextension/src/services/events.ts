/**
 * The one stream of changes, on the server's events bus.
 *
 * The bus has no replay, and its socket stands by while the tab is hidden. So events are numbered
 * by the server: a gap, or the epoch of another server start, means that something was missed,
 * and `stale` says so. `compare` does the same with the number in any REST answer, and with the
 * one in `hello`, which the server says to a socket that was opened. What was read before the
 * counting began may have changed before it began: `read` takes the number of each answer.
 */
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import type { At, Change } from '../wire';
import { asChange } from './validate';

export const SCHEMA = 'https://jupyter-kf.readthedocs.io/events/change/v1';

/** The part of JupyterLab's event manager that is used. */
export interface IBus {
  stream: ISignal<unknown, unknown>;
}

export class Events implements IDisposable {
  constructor(private bus: IBus) {
    bus.stream.connect(this.onEvent, this);
  }

  readonly changed = new Signal<this, Change>(this);
  readonly stale = new Signal<this, void>(this);

  get isDisposed(): boolean {
    return this.disposed;
  }

  dispose(): void {
    if (!this.disposed) {
      this.disposed = true;
      this.bus.stream.disconnect(this.onEvent, this);
      Signal.clearData(this);
    }
  }

  /** What the streams said last; null before the first word. */
  get heard(): At | null {
    return this._heard;
  }

  /** The stream said something once, and has not come as far as answers have. */
  get behind(): boolean {
    const { at, heard } = this;
    return !!at && !!heard && (heard.epoch !== at.epoch || heard.seq < at.seq);
  }

  /** From now on this stream is listened to, instead of the one before. */
  listen(bus: IBus): void {
    this.bus.stream.disconnect(this.onEvent, this);
    this.bus = bus;
    bus.stream.connect(this.onEvent, this);
  }

  /**
   * Takes the number of an answer that was asked for to see whether anything was missed.
   *
   * The first one is where counting begins. A higher one means missed events; a lower one of
   * the same epoch is an answer that was overtaken by events. Whether anything was missed: who
   * asked says so, for it was fetched just now.
   */
  compare(at: At): boolean {
    return this.count(at, false);
  }

  /**
   * Takes the number at which something was read that is shown now.
   *
   * What was told between it and the first number that was counted was told to nobody here.
   */
  read({ seq, epoch }: At): void {
    if (this.at === null) {
      if (!this.oldest || (this.oldest.epoch === epoch && seq < this.oldest.seq)) {
        this.oldest = { seq, epoch };
      }
    } else if (epoch === this.at.epoch && seq < this.first) {
      this.first = seq; // said once for all that was read as early
      this.stale.emit();
    }
  }

  /**
   * Counts on to this number, unless it is known. Whether a change on the way was told to nobody.
   *
   * @param told - whether the change of this number itself is told.
   */
  private count({ seq, epoch }: At, told: boolean): boolean {
    const { at, oldest } = this;
    if (at?.epoch === epoch && seq <= at.seq) {
      return false;
    }
    const before = told ? seq - 1 : seq;
    this.at = { seq, epoch };
    if (at?.epoch === epoch) {
      return at.seq < before;
    }
    const early = oldest?.epoch === epoch && oldest.seq < before;
    this.first = early ? oldest.seq : before;
    return !!at || early || (!!oldest && oldest.epoch !== epoch);
  }

  private onEvent(_: unknown, event: unknown): void {
    if ((event as { schema_id?: string } | null)?.schema_id !== SCHEMA) {
      return;
    }
    const change = asChange(event);
    if (change === null) {
      return;
    }
    this._heard = { seq: change.seq, epoch: change.epoch };
    const says = change.action !== 'hello';
    if (this.count(change, says)) {
      this.stale.emit();
    }
    if (says) {
      this.changed.emit(change); // one that an answer overtook is still news to the rows
    }
  }

  /** As far as it was counted; null before the first number. */
  private at: At | null = null;
  /** All changes after this one were told, or `stale` was. */
  private first = 0;
  /** The lowest number of what was read before counting began. */
  private oldest: At | null = null;
  private _heard: At | null = null;
  private disposed = false;
}
