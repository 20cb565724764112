/**
 * Rows of runs by id: one object per run for all who show it, kept current by events.
 *
 * Answers and events overtake each other. Both have a number: what is older than what was told of
 * the same run is dropped, so that a run that ended never runs again.
 */
import { type ISignal, Signal } from '@lumino/signaling';
import type { At, Change, Deleted, RunPage, RunPaper, RunRow } from '../wire';
import { type IRest, part } from './rest';

export interface IRuns {
  /** The last known row; undefined when nobody asked for it yet. */
  get(id: string): RunRow | undefined;
  /** A row is another than before; null when the run was deleted. */
  readonly changed: ISignal<IRuns, { id: string; row: RunRow | null }>;
  /** This window deleted a run: what shows it has nothing to show any more. */
  readonly removed: ISignal<IRuns, string>;
  page(query: IRunQuery, offset: number, signal?: AbortSignal): Promise<RunPage>;
  paper(id: string, signal?: AbortSignal): Promise<RunPaper>;
  cancel(id: string): Promise<void>;
  remove(id: string): Promise<void>;
  /** The magic cell that does the same again. */
  cell(id: string): Promise<string>;
}

export interface IRunQuery {
  search?: string;
  kind?: string;
  state?: string;
}

export const PAGE = 100;
const KEPT = 2_000;

export class Runs implements IRuns {
  constructor(private readonly rest: IRest) {}

  readonly changed = new Signal<this, { id: string; row: RunRow | null }>(this);
  readonly removed = new Signal<this, string>(this);

  get(id: string): RunRow | undefined {
    return this.rows.get(id);
  }

  async page(query: IRunQuery, offset: number, signal?: AbortSignal): Promise<RunPage> {
    const asked = { ...query, offset, limit: PAGE };
    const page = await this.rest.get<RunPage>('runs', asked, signal);
    return { ...page, rows: page.rows.flatMap(row => this.keep(row, page) ?? []) };
  }

  async paper(id: string, signal?: AbortSignal): Promise<RunPaper> {
    const paper = await this.rest.get<RunPaper>(`runs/${part(id)}`, {}, signal);
    this.keep(rowOf(paper), paper);
    return paper;
  }

  /** The newest row, asked for; null when the run is gone. */
  async row(id: string, signal?: AbortSignal): Promise<RunRow | null> {
    await this.paper(id, signal);
    return this.rows.get(id) ?? null;
  }

  async cancel(id: string): Promise<void> {
    await this.rest.post(`runs/${part(id)}/cancel`);
  }

  async remove(id: string): Promise<void> {
    const { seq, epoch } = await this.rest.remove<Deleted>(`runs/${part(id)}`);
    this.forget(id, { seq: seq + 1, epoch }); // it was there at `seq`
    this.removed.emit(id);
  }

  async cell(id: string): Promise<string> {
    return (await this.rest.get<{ cell: string }>(`runs/${part(id)}/cell`)).cell;
  }

  /** An event about a run. */
  apply(change: Change): void {
    if (
      change.thing !== 'run' &&
      change.thing !== 'study' &&
      change.thing !== 'endpoint'
    ) {
      return;
    }
    if (change.row) {
      this.keep(change.row, change);
    } else if (change.thing === 'run' && change.action === 'deleted') {
      this.forget(change.id, change);
    }
  }

  /** The newest row of a run: this one, or what was told later; null when it was deleted. */
  private keep(row: RunRow, at: At): RunRow | null {
    const told = this.told.get(row.id);
    const known = this.rows.get(row.id);
    if (told && told.epoch === at.epoch && at.seq < told.seq) {
      return known ?? null;
    }
    this.tell(row.id, at);
    this.rows.delete(row.id); // the newest stands last, so that the first is the one to drop
    this.rows.set(row.id, row);
    if (this.rows.size > KEPT) {
      const first = this.rows.keys().next().value as string;
      this.rows.delete(first);
      this.told.delete(first);
    }
    if (!known || JSON.stringify(known) !== JSON.stringify(row)) {
      this.changed.emit({ id: row.id, row });
    }
    return row;
  }

  private forget(id: string, at: At): void {
    this.tell(id, at);
    this.rows.delete(id);
    this.changed.emit({ id, row: null });
  }

  private tell(id: string, { seq, epoch }: At): void {
    this.told.delete(id);
    this.told.set(id, { seq, epoch });
    if (this.told.size > 2 * KEPT) {
      this.told.delete(this.told.keys().next().value as string); // of a run deleted long ago
    }
  }

  private readonly rows = new Map<string, RunRow>();
  /** When a run was told of last; one that is here without a row was deleted. */
  private readonly told = new Map<string, At>();
}

function rowOf({ run }: RunPaper): RunRow {
  const error = run.error && { code: run.error.code, message: run.error.message };
  const { id, kind, name, state, reason, created_s, started_s, ended_s } = run;
  const { progress, remaining_s, metrics, backend } = run;
  const times = { created_s, started_s, ended_s, progress, remaining_s };
  return { id, kind, name, state, reason, ...times, metrics, error, backend };
}
