/**
 * Asks an endpoint for its counters while they are looked at: often while they move, seldom else.
 *
 * Nobody tells of a prediction, so they are asked for; an endpoint that nobody asks is asked ever
 * less often. A prediction of this page, an event of the endpoint and a new look are followed at once.
 */
import { Poll } from '@lumino/polling';
import type { IRest } from '../services/rest';
import { part } from '../services/rest';
import type { Stats } from '../wire';

const EVERY_MS = 2_000;
/** After so many answers in which nothing moved, it is asked so often. */
const SLOWER: readonly [number, number][] = [
  [30, 15_000],
  [10, 5_000]
];

export class Counters {
  /**
   * @param rest - asks the server.
   * @param name - of the endpoint.
   * @param tell - takes each answer, or why there is none.
   */
  constructor(
    rest: Pick<IRest, 'get'>,
    name: string,
    tell: (stats: Stats | null, failure: unknown) => void
  ) {
    this.poll = new Poll({
      auto: false,
      name: `jupyter-kf:stats-${name}`,
      standby: () => (this.seen ? 'when-hidden' : true),
      frequency: { interval: EVERY_MS, max: 30_000, backoff: true },
      factory: async () => {
        try {
          const stats = await rest.get<Stats>(`endpoints/${part(name)}/stats`);
          if (!this.poll.isDisposed) {
            this.took(stats);
            tell(stats, null);
          }
        } catch (failure) {
          if (!this.poll.isDisposed) {
            tell(null, failure);
          }
          throw failure; // so that it asks less often
        }
      }
    });
  }

  /** Begins; it asks once somebody looks. */
  start(): void {
    void this.poll.start();
  }

  /** Whether it is on the screen. */
  look(seen: boolean): void {
    const came = seen && !this.seen;
    this.seen = seen;
    if (came) {
      this.quicken();
    }
  }

  /** Something happened that may be counted: it asks now, and often for a while. */
  quicken(): void {
    this.still = 0;
    this.pace();
    if (this.seen) {
      void this.poll.refresh().catch(() => undefined);
    }
  }

  dispose(): void {
    this.poll.dispose();
  }

  private took({ version, requests_total }: Stats): void {
    const counted = `${version} ${requests_total}`;
    this.still = counted === this.counted ? this.still + 1 : 0;
    this.counted = counted;
    this.pace();
  }

  private pace(): void {
    const [, interval] = SLOWER.find(([most]) => this.still >= most) ?? [0, EVERY_MS];
    if (interval !== this.poll.frequency.interval) {
      this.poll.frequency = { ...this.poll.frequency, interval };
    }
  }

  private readonly poll: Poll;
  private counted = '';
  private seen = false;
  private still = 0;
}
