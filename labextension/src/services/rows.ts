/**
 * Changes with their rows: the server leaves them out while somebody who may not read runs listens.
 *
 * Such a row is asked for before the change is told, so that nobody else has to know. Changes of
 * one run stay in order, and what changes while its row is on its way is asked for once.
 */
import type { Change } from '../wire';
import { KfError } from './rest';
import type { Runs } from './runs';

export class Rows {
  /**
   * @param runs - gives rows.
   * @param tell - takes each change, with its row where it can be had.
   */
  constructor(
    private readonly runs: Pick<Runs, 'row'>,
    private readonly tell: (change: Change) => void
  ) {}

  take(change: Change): void {
    const queue = this.waiting.get(change.id);
    const bare = change.row === null && change.action !== 'deleted';
    if (change.thing !== 'run' || (!queue && (!bare || this.refused))) {
      this.tell(change);
    } else if (!queue) {
      void this.complete(change);
    } else {
      const last = queue[queue.length - 1];
      if (last?.action === 'changed' && change.action === 'changed') {
        queue.pop();
      }
      queue.push(change);
    }
  }

  /** Rows are asked for again, though they were refused. */
  again(): void {
    this.refused = false;
  }

  private async complete(first: Change): Promise<void> {
    const queue = [first];
    this.waiting.set(first.id, queue);
    for (let next = queue.shift(); next; next = queue.shift()) {
      const bare = next.row === null && next.action !== 'deleted' && !this.refused;
      this.tell(bare ? { ...next, row: await this.row(next.id) } : next);
    }
    this.waiting.delete(first.id);
  }

  private async row(id: string): Promise<Change['row']> {
    try {
      return await this.runs.row(id);
    } catch (failure) {
      // Who may not read runs is told so once, not at each of their changes.
      this.refused = failure instanceof KfError && failure.status === 403;
      return null;
    }
  }

  private refused = false;
  private readonly waiting = new Map<string, Change[]>();
}
