/**
 * Was this computer asleep, or away from its network, while the page stayed?
 *
 * A connection that died meanwhile tells nobody. The browser's own signs are listened to, and
 * timers that run anyway say when they come far too late: no timer is made for it.
 */
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

/** A browser lets timers of a hidden page wait for a minute; this is more. */
const LATE_MS = 90_000;

const slipped = new Signal<object, void>({});

/** A function to be called at each tick of a timer: it says when one came far too late. */
export function punctual(every_ms: number): () => void {
  let last = Date.now(); // the monotonic clock stands still while some computers sleep
  return () => {
    const [before, now] = [last, Date.now()];
    last = now;
    if (now - before > every_ms + LATE_MS) {
      slipped.emit();
    }
  };
}

export class Wake implements IDisposable {
  /** @param woke - called at each sign; several may come at once. */
  constructor(private readonly woke: () => void) {
    window.addEventListener('online', woke);
    window.addEventListener('pageshow', this.onShow);
    document.addEventListener('resume', woke); // after 'freeze', of the page's life cycle
    slipped.connect(woke);
  }

  get isDisposed(): boolean {
    return this.disposed;
  }

  dispose(): void {
    this.disposed = true;
    window.removeEventListener('online', this.woke);
    window.removeEventListener('pageshow', this.onShow);
    document.removeEventListener('resume', this.woke);
    slipped.disconnect(this.woke);
  }

  /** A page that is shown for the first time was not away. */
  private readonly onShow = ({ persisted }: PageTransitionEvent): void => {
    if (persisted) {
      this.woke();
    }
  };

  private disposed = false;
}
