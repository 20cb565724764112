/**
 * Work that follows changes: one at a time, not too often, and never without the last change.
 *
 * Lumino's Throttler does neither: with a leading edge it runs at once whenever it is idle, and
 * what is asked for while its promise is pending is forgotten.
 */
import type { IDisposable } from '@lumino/disposable';

/** Work that failed is done again after so long, then ever later, then only after a change. */
const AGAIN_MS = [1_000, 3_000, 10_000, 30_000];

export class Paced implements IDisposable {
  /**
   * @param work - what is done after a change; its failures are its own to tell.
   * @param every_ms - it begins no sooner than this after it began last; asked for each time.
   * @param again - whether work that failed so may succeed without a change.
   */
  constructor(
    private readonly work: () => unknown,
    private readonly every_ms: number | (() => number),
    private readonly again: (failure: unknown) => boolean = () => false
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
    window.clearTimeout(this.later);
  }

  private next(): void {
    if (!this.asked || this.busy || this.timer || this.disposed) {
      return;
    }
    const { every_ms } = this;
    const pace_ms = typeof every_ms === 'function' ? every_ms() : every_ms;
    const wait = this.began + pace_ms - performance.now();
    if (wait <= 0) {
      void this.begin();
    } else {
      this.wait(wait);
    }
  }

  private wait(wait_ms: number): void {
    this.timer = window.setTimeout(() => {
      this.timer = 0;
      this.next();
    }, wait_ms);
  }

  private async begin(): Promise<void> {
    [this.busy, this.began] = [true, performance.now()];
    await null; // what else is asked for in this turn is the same change
    if (this.disposed) {
      return;
    }
    this.asked = false;
    window.clearTimeout(this.later);
    try {
      await this.work();
      this.failures = 0;
    } catch (failure) {
      // Told by the work itself; the next change begins it again.
      if (this.failures < AGAIN_MS.length && this.again(failure)) {
        this.later = window.setTimeout(() => this.ask(), AGAIN_MS[this.failures]);
        this.failures += 1;
      }
    }
    this.busy = false;
    this.next();
  }

  private asked = false;
  private began = -Infinity;
  private busy = false;
  private disposed = false;
  private failures = 0;
  private later = 0;
  private timer = 0;
}
