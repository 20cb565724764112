/**
 * Changes with their rows: the server leaves them out while somebody who may not read runs listens.
 *
 * Such a row is asked for before the change is told, so that nobody else has to know. Changes of
 * one run stay in order, and what changes while its row is on its way is asked for once. A request
 * that hangs is given up, so that it does not hold back what comes after it.
 */
import type { Change } from '../wire';
import { KfError } from './rest';
import type { Runs } from './runs';

/** A row is waited for so long. */
export const PATIENCE_MS = 10_000;

type Row = Change['row'];

/** Changes of one run that wait for a row, and how it is given when a newer change brings it. */
interface IQueue {
  changes: Change[];
  give: (row: Row) => void;
}

export class Rows {
  /**
   * @param runs - gives rows.
   * @param tell - takes each change, with its row where it can be had.
   * @param onLost - called when a row was waited for in vain.
   */
  constructor(
    private readonly runs: Pick<Runs, 'row'>,
    private readonly tell: (change: Change) => void,
    private readonly onLost: () => void = () => undefined
  ) {}

  take(change: Change): void {
    const queue = this.waiting.get(change.id);
    const bare = change.row === null && change.action !== 'deleted';
    if (change.thing !== 'run' || (!queue && (!bare || this.refused))) {
      this.tell(change);
    } else if (!queue) {
      void this.complete(change);
    } else {
      const { changes } = queue;
      const last = changes[changes.length - 1];
      if (last?.action === 'changed' && change.action === 'changed') {
        changes.pop();
      }
      changes.push(change);
      if (change.row || change.action === 'deleted') {
        queue.give(change.row); // newer than what is on its way
      }
    }
  }

  /** Rows are asked for again, though they were refused. */
  again(): void {
    this.refused = false;
  }

  private async complete(first: Change): Promise<void> {
    const queue: IQueue = { changes: [first], give: () => undefined };
    const { changes } = queue;
    this.waiting.set(first.id, queue);
    for (let next = changes.shift(); next; next = changes.shift()) {
      const bare = next.row === null && next.action !== 'deleted' && !this.refused;
      this.tell(bare ? { ...next, row: await this.row(next.id, queue) } : next);
    }
    this.waiting.delete(first.id);
  }

  /** The answer, or what a newer change brings meanwhile; null when neither comes. */
  private async row(id: string, queue: IQueue): Promise<Row> {
    const abort = new AbortController();
    const given = new Promise<Row>(give => (queue.give = give));
    const timer = window.setTimeout(() => {
      queue.give(null);
      this.onLost();
    }, PATIENCE_MS);
    try {
      return await Promise.race([this.runs.row(id, abort.signal), given]);
    } catch (failure) {
      // Who may not read runs is told so once, not at each of their changes.
      this.refused = failure instanceof KfError && failure.status === 403;
      return null;
    } finally {
      window.clearTimeout(timer);
      abort.abort();
    }
  }

  private refused = false;
  private readonly waiting = new Map<string, IQueue>();
}
