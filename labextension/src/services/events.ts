/**
 * The one stream of changes, on the server's events bus.
 *
 * The bus has no replay, and its socket stands by while the tab is hidden. So events are numbered
 * by the server: a gap, or the epoch of another server start, means that something was missed,
 * and `stale` says so. `compare` does the same with the number in any REST answer, and with the
 * one in `hello`, which the server says to a socket that was opened.
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
  constructor(private readonly bus: IBus) {
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

  /**
   * Takes the number of an answer that was asked for to see whether anything was missed.
   *
   * The first one is where counting begins. A higher one means missed events; a lower one of
   * the same epoch is an answer that was overtaken by events. Whether anything was missed.
   */
  compare(at: At): boolean {
    const known = this.at;
    const ahead = !known || at.epoch !== known.epoch || at.seq > known.seq;
    if (ahead) {
      this.at = { seq: at.seq, epoch: at.epoch };
    }
    if (ahead && known) {
      this.stale.emit();
    }
    return ahead && known !== null;
  }

  private onEvent(_: unknown, event: unknown): void {
    if ((event as { schema_id?: string } | null)?.schema_id !== SCHEMA) {
      return;
    }
    const change = asChange(event);
    if (change === null) {
      return;
    }
    if (change.action === 'hello') {
      this.compare(change);
      return;
    }
    const known = this.at;
    this.at = { seq: change.seq, epoch: change.epoch };
    if (known && change.epoch === known.epoch && change.seq <= known.seq) {
      this.at = known; // an answer overtook it; what it tells is still news to the rows
    } else if (known && (change.epoch !== known.epoch || change.seq > known.seq + 1)) {
      this.stale.emit();
    }
    this.changed.emit(change);
  }

  private at: At | null = null;
  private disposed = false;
}
