/**
 * Which long jobs have ended, whether or not the event of their end was heard.
 *
 * Rows come by events and by what pages fetch. An end that nobody told (the server restarted, the
 * tab was hidden, the laptop slept, too much changed at once) is found by asking for the runs
 * that were seen before their end. May import `services`; the words are `notify`'s.
 */
import { ENDED } from '../services/validate';
import type { IKubeflow } from '../tokens';
import type { Change, RunRow, State } from '../wire';

const UNFINISHED: readonly State[] = ['RUNNING', 'READY', 'PENDING'];
/** So many ends are remembered, so that none is told twice. */
const KEPT = 2_000;

export class Endings {
  /**
   * @param kf - rows and changes.
   * @param tell - takes a job that has ended, and for how many seconds it ran.
   */
  constructor(
    private readonly kf: IKubeflow,
    private readonly tell: (row: RunRow, took_s: number) => void
  ) {
    kf.runs.changed.connect(this.onRow, this);
    kf.changed.connect(this.onChange, this);
    kf.stale.connect(this.again, this);
    void kf.ready.then(() => this.begin()).catch(() => undefined);
  }

  /** Jobs shorter than this end in silence; below 0 all do. */
  after_s = 60;

  /** A row that is not what it was, by whatever way it came. */
  private onRow(_: unknown, { id, row }: { id: string; row: RunRow | null }): void {
    if (!row) {
      this.open.delete(id);
    } else if (!ENDED.has(row.state)) {
      this.open.add(id);
    } else if (this.open.delete(id)) {
      this.ended(row);
    }
  }

  /** A run may come and end between two looks of the server. */
  private onChange(_: unknown, { thing, action, row }: Change): void {
    if (thing === 'run' && action === 'ended' && row) {
      this.open.delete(row.id);
      this.ended(row);
    }
  }

  private ended(row: RunRow): void {
    if (this.told.has(row.id)) {
      return;
    }
    this.told.add(row.id);
    if (this.told.size > KEPT) {
      this.told.delete(this.told.values().next().value as string);
    }
    const took_s = Number(row.ended_s ?? NaN) - Number(row.started_s ?? NaN);
    const long = this.after_s >= 0 && took_s >= this.after_s;
    // An endpoint's version ends when it is stopped or another takes its place: it did no job.
    const retired = row.kind === 'serve' && row.state === 'SUCCEEDED';
    if (long && row.state !== 'CANCELLED' && !retired) {
      this.tell(row, took_s);
    }
  }

  /** What runs already is remembered, so that its end can be missed no more than another's. */
  private async begin(): Promise<void> {
    const { where } = this.kf;
    const counts = [where?.running, where?.serving, where?.waiting];
    for (const [at, state] of UNFINISHED.entries()) {
      if (counts[at]) {
        await this.kf.runs.page({ state }, 0);
      }
    }
  }

  /** Something was missed: who is not yet known to have ended is asked for. */
  private again(): void {
    this.missed = true;
    if (!this.asking) {
      this.asking = true;
      void this.ask().finally(() => (this.asking = false));
    }
  }

  /** The newest in one request, the rest one by one; what was told meanwhile is not asked for. */
  private async ask(): Promise<void> {
    while (this.missed && this.open.size) {
      this.missed = false;
      const before = [...this.open];
      try {
        const seen = await this.kf.runs.page({}, 0);
        const known = new Set(seen.rows.map(({ id }) => id));
        for (const id of before.filter(one => !known.has(one))) {
          if (this.open.has(id)) {
            await this.look(id);
          }
        }
      } catch {
        return; // the server is away again: when it is found, `stale` says so
      }
    }
    this.missed = false;
  }

  private async look(id: string): Promise<void> {
    try {
      await this.kf.runs.paper(id);
    } catch (failure) {
      if ((failure as { status?: number }).status !== 404) {
        throw failure;
      }
      this.open.delete(id); // deleted meanwhile
    }
  }

  private asking = false;
  private missed = false;
  /** Runs that were seen before their end. */
  private readonly open = new Set<string>();
  private readonly told = new Set<string>();
}
