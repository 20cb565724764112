/**
 * Work that follows changes: one at a time, not too often, and never without the last change.
 *
 * Lumino's Throttler does neither: with a leading edge it runs at once whenever it is idle, and
 * what is asked for while its promise is pending is forgotten.
 */
import type { IDisposable } from '@lumino/disposable';

export class Paced implements IDisposable {
  /**
   * @param work - what is done after a change; its failures are its own to tell.
   * @param every_ms - it begins no sooner than this after it began last.
   */
  constructor(
    private readonly work: () => unknown,
    private readonly every_ms: number
  ) {}

  get isDisposed(): boolean {
    return this.disposed;
  }

  /** Something changed: the work is done, at once when it may be, else once when it may. */
  ask(): void {
    this.asked = true;
    this.next();
  }

  dispose(): void {
    this.disposed = true;
    window.clearTimeout(this.timer);
  }

  private next(): void {
    if (!this.asked || this.busy || this.timer || this.disposed) {
      return;
    }
    const wait = this.began + this.every_ms - performance.now();
    if (wait <= 0) {
      void this.begin();
      return;
    }
    this.timer = window.setTimeout(() => {
      this.timer = 0;
      this.next();
    }, wait);
  }

  private async begin(): Promise<void> {
    [this.asked, this.busy, this.began] = [false, true, performance.now()];
    try {
      await this.work();
    } catch {
      // Told by the work itself; the next change begins it again.
    }
    this.busy = false;
    this.next();
  }

  private asked = false;
  private began = -Infinity;
  private busy = false;
  private disposed = false;
  private timer = 0;
}
