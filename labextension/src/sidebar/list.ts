/**
 * A long list of which only what is looked at is fetched, a hundred rows at a time.
 *
 * Old rows stay until newer ones have come, so that nothing flickers. Pure: no widgets.
 */
import { Signal } from '@lumino/signaling';

export interface IPage<R> {
  total: number;
  rows: R[];
  counts?: { [state: string]: number };
}

export type Fetch<R> = (offset: number, signal: AbortSignal) => Promise<IPage<R>>;

export const PAGE = 100;
const KEPT_PAGES = 12;

export class PagedList<R> {
  constructor(
    private fetch: Fetch<R>,
    private readonly idOf: (row: R) => string
  ) {}

  readonly changed = new Signal<this, void>(this);

  /** How many rows there are; null until the first answer. */
  get total(): number | null {
    return this._total;
  }

  get counts(): { [state: string]: number } {
    return this._counts;
  }

  get error(): unknown {
    return this._error;
  }

  row(index: number): R | undefined {
    return this.pages.get(Math.floor(index / PAGE))?.[index % PAGE];
  }

  /** Where a row stands among those that are loaded; -1 when it is not. */
  indexOf(id: string): number {
    for (const [page, rows] of this.pages) {
      const at = rows.findIndex(row => this.idOf(row) === id);
      if (at >= 0) {
        return page * PAGE + at;
      }
    }
    return -1;
  }

  /** Another question: everything known goes, once its first answer is there. */
  ask(fetch: Fetch<R>): void {
    this.fetch = fetch;
    this.range = [0, PAGE];
    this.restart = true;
    this.abort.abort();
    this.abort = new AbortController();
    this.loading.clear();
    this.refresh();
  }

  /** These rows are looked at (the last one excluded). */
  show(first: number, last: number): void {
    this.range = [first, last];
    this.load();
  }

  /**
   * What is looked at is fetched again; the rest when it is looked at.
   *
   * An answer that is on its way is waited for, so that many changes can't starve the list.
   */
  refresh(): void {
    for (const page of this.pages.keys()) {
      this.old.add(page);
    }
    if (this.loading.size) {
      this.more = true;
    } else {
      this.load();
    }
  }

  /** A row is another than before. Whether it was here. */
  replace(row: R): boolean {
    const id = this.idOf(row);
    for (const rows of this.pages.values()) {
      const at = rows.findIndex(known => this.idOf(known) === id);
      if (at >= 0) {
        rows[at] = row;
        this.changed.emit();
        return true;
      }
    }
    return false;
  }

  /** A new first row, shown at once; in its place when an answer was faster. */
  insertFirst(row: R): void {
    const first = this.pages.get(0);
    if (!this.replace(row) && first && this._total !== null) {
      first.unshift(row);
      this._total += 1;
      this.changed.emit();
    }
  }

  dispose(): void {
    this.abort.abort();
    Signal.clearData(this);
  }

  private load(): void {
    const [first, last] = this.range;
    const from = Math.max(0, Math.floor(first / PAGE));
    const to = Math.max(from, Math.floor(Math.max(0, last - 1) / PAGE));
    for (let page = from; page <= to; page++) {
      const here = this.pages.has(page) && !this.old.has(page) && !this.restart;
      const beyond = this._total !== null && page > 0 && page * PAGE >= this._total;
      if (!here && !beyond && !this.loading.has(page)) {
        void this.get(page);
      }
    }
  }

  private async get(page: number): Promise<void> {
    const { signal } = this.abort;
    this.loading.add(page);
    try {
      const got = await this.fetch(page * PAGE, signal);
      if (!signal.aborted) {
        this.take(page, got);
      }
    } catch (failure) {
      if (!signal.aborted) {
        this._error = failure;
      }
    }
    if (!signal.aborted) {
      this.loading.delete(page);
      this.changed.emit();
      if (this.more && !this.loading.size) {
        this.more = false;
        this.refresh();
      }
    }
  }

  private take(page: number, got: IPage<R>): void {
    if (this.restart) {
      this.pages.clear();
      this.old.clear();
      this.restart = false;
    }
    this._error = null;
    this._total = got.total;
    this._counts = got.counts ?? {};
    this.pages.delete(page);
    this.pages.set(page, got.rows);
    this.old.delete(page);
    for (const known of [...this.pages.keys()]) {
      const gone = known > 0 && known * PAGE >= got.total;
      if (gone || (this.pages.size > KEPT_PAGES && known !== page)) {
        this.pages.delete(known);
        this.old.delete(known);
      }
    }
  }

  private abort = new AbortController();
  private readonly loading = new Set<number>();
  private readonly old = new Set<number>();
  private readonly pages = new Map<number, R[]>();
  private range: [number, number] = [0, PAGE];
  private more = false;
  private restart = false;
  private _counts: { [state: string]: number } = {};
  private _error: unknown = null;
  private _total: number | null = null;
}
