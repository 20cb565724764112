/** Rows of runs by id: one object per run for all who show it, kept current by events. */
import { type ISignal, Signal } from '@lumino/signaling';
import type { Change, RunPage, RunPaper, RunRow } from '../wire';
import { type IRest, part } from './rest';

export interface IRuns {
  /** The last known row; undefined when nobody asked for it yet. */
  get(id: string): RunRow | undefined;
  /** A row is another than before; null when the run was deleted. */
  readonly changed: ISignal<IRuns, { id: string; row: RunRow | null }>;
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

  get(id: string): RunRow | undefined {
    return this.rows.get(id);
  }

  async page(query: IRunQuery, offset: number, signal?: AbortSignal): Promise<RunPage> {
    const asked = { ...query, offset, limit: PAGE };
    const page = await this.rest.get<RunPage>('runs', asked, signal);
    page.rows.forEach(row => this.keep(row));
    return page;
  }

  async paper(id: string, signal?: AbortSignal): Promise<RunPaper> {
    const paper = await this.rest.get<RunPaper>(`runs/${part(id)}`, {}, signal);
    this.keep(rowOf(paper));
    return paper;
  }

  async cancel(id: string): Promise<void> {
    await this.rest.post(`runs/${part(id)}/cancel`);
  }

  async remove(id: string): Promise<void> {
    await this.rest.remove(`runs/${part(id)}`);
    this.forget(id);
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
      this.keep(change.row);
    } else if (change.thing === 'run' && change.action === 'deleted') {
      this.forget(change.id);
    }
  }

  private keep(row: RunRow): void {
    const known = this.rows.get(row.id);
    this.rows.delete(row.id); // the newest stands last, so that the first is the one to drop
    this.rows.set(row.id, row);
    if (this.rows.size > KEPT) {
      this.rows.delete(this.rows.keys().next().value as string);
    }
    if (!known || JSON.stringify(known) !== JSON.stringify(row)) {
      this.changed.emit({ id: row.id, row });
    }
  }

  private forget(id: string): void {
    this.rows.delete(id);
    this.changed.emit({ id, row: null });
  }

  private readonly rows = new Map<string, RunRow>();
}

function rowOf({ run }: RunPaper): RunRow {
  const error = run.error && { code: run.error.code, message: run.error.message };
  const { id, kind, name, state, reason, created_s, started_s, ended_s } = run;
  const { progress, remaining_s, metrics, backend } = run;
  const times = { created_s, started_s, ended_s, progress, remaining_s };
  return { id, kind, name, state, reason, ...times, metrics, error, backend };
}
