/** A dataset's profile as rows of a table, and what one column looks like. Pure. */
import { words } from '../services/words';
import { formatNumber, typeWord } from '../ui/format';
import type { DatasetPaper } from '../wire';

export interface IHistogram {
  low: number;
  high: number;
  counts: number[];
}

/** Values and how many rows have each. */
export type Counts = readonly { value: string; count: number }[];

export interface IProfiled {
  name: string;
  type: string;
  nulls: number;
  /** 0 to 1. */
  nullShare: number;
  distinct: number | null;
  notFinite: number;
  /** Equal-width bins; null for a column that has none. */
  histogram: IHistogram | null;
  /** The most frequent texts, and how many rows have others. */
  top: Counts;
  others: number;
  true: number | null;
  low: string;
  high: string;
  mean: number | null;
  std: number | null;
  quantiles: number[];
  /** Times: what the histogram's numbers count since 1970. */
  unit: string | null;
}

type Told = Record<string, unknown>;

/** The profile's columns in their order; [] for files without one. */
export function profiled(paper: DatasetPaper): IProfiled[] {
  const profile = paper.profile as {
    rows?: number;
    columns?: Record<string, Told>;
  } | null;
  const rows = profile?.rows ?? 0;
  const told = profile?.columns ?? {};
  // The profile is stored in the order of its names; the rows have an order of their own.
  const order = (paper.thing.manifest['columns'] ?? []) as { name: string }[];
  const names = new Set([...order.map(({ name }) => name), ...Object.keys(told)]);
  return [...names]
    .filter(name => name in told)
    .map(name => profiledColumn(name, told[name], rows));
}

export function profiledColumn(name: string, told: Told, rows: number): IProfiled {
  const nulls = number(told['nulls']) ?? 0;
  const timed = 'first' in told;
  return {
    name,
    type: typeWord(String(told['type'] ?? '')),
    nulls,
    nullShare: rows ? nulls / rows : 0,
    distinct: number(told['distinct']),
    notFinite: number(told['not_finite']) ?? 0,
    histogram: drawn(told['histogram'] as IHistogram | undefined),
    top: ((told['top'] as { value: unknown; count: number }[] | undefined) ?? []).map(
      ({ value, count }) => ({ value: String(value), count })
    ),
    others: number(told['others']) ?? 0,
    true: number(told['true']),
    low: timed ? String(told['first']) : ranged(told['min']),
    high: timed ? String(told['last']) : ranged(told['max']),
    mean: timed ? null : number(told['mean']),
    std: timed ? null : number(told['std']),
    quantiles: ((told['quantiles'] as unknown[] | undefined) ?? []).map(Number),
    unit: timed ? String(told['unit'] ?? 'us') : null
  };
}

/** Edges as numbers to draw by, where they came as digits. */
function drawn(told: IHistogram | undefined): IHistogram | null {
  return told ? { ...told, low: Number(told.low), high: Number(told.high) } : null;
}

function number(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function ranged(value: unknown): string {
  return value === null || value === undefined ? '' : formatNumber(value);
}

/** The bars of the small picture: bins, frequencies of texts, or false and true. */
export function bars(column: IProfiled, rows: number): number[] {
  if (column.histogram) {
    return column.histogram.counts;
  }
  if (column.true !== null) {
    return [rows - column.nulls - column.true, column.true];
  }
  return column.top.slice(0, 20).map(({ count }) => count);
}

/** How often each value is there, the most frequent first; [] for a column that has a histogram. */
export function frequencies(column: IProfiled, rows: number): Counts {
  return column.true === null
    ? column.top
    : [
        { value: words().__('true'), count: column.true },
        { value: words().__('false'), count: rows - column.nulls - column.true }
      ];
}

/** Rows whose value is none of those that are shown, counted or not. */
export function othersThan(shown: Counts, column: IProfiled, rows: number): number {
  const sum = (all: Counts) => all.reduce((n, { count }) => n + count, 0);
  return column.others + sum(frequencies(column, rows)) - sum(shown);
}

/** What the column holds, in a few words. */
export function range(column: IProfiled): string {
  if (column.low || column.high) {
    return column.unit
      ? `${day(column.low)} – ${day(column.high)}`
      : `${column.low} – ${column.high}`;
  }
  if (column.true !== null) {
    return words().__('%1 true', formatNumber(column.true));
  }
  return column.top
    .slice(0, 3)
    .map(({ value }) => valueWords(value))
    .join(', ');
}

/** A value as it is listed: of nothing, or of spaces alone, nothing would be seen. */
export function valueWords(value: string): string {
  return value.trim()
    ? value
    : value
      ? words().__('(spaces alone)')
      : words().__('(empty text)');
}

/** A time as a day where that is enough. */
function day(iso: string): string {
  return iso
    .replace(/T00:00:00(\.0+)?$/, '')
    .replace('T', ' ')
    .replace(/\.\d+$/, '');
}

const PER_SECOND: Record<string, number> = { s: 1, ms: 1e3, us: 1e6, ns: 1e9 };

export interface IBin {
  from: number;
  to: number;
  count: number;
}

/** The histogram's bins; those of times in milliseconds since 1970, as Date takes them. */
export function bins({ histogram, unit }: IProfiled): IBin[] {
  if (!histogram) {
    return [];
  }
  const { low, high, counts } = histogram;
  const scale = unit ? 1000 / (PER_SECOND[unit] ?? 1e6) : 1;
  // One value only still needs some width to be seen.
  const width = high > low ? (high - low) / counts.length : unit ? 1 / scale : 1;
  const start = high > low ? low : low - width / 2;
  return counts.map((count, at) => ({
    from: (start + at * width) * scale,
    to: (start + (at + 1) * width) * scale,
    count
  }));
}

export type SortKey = 'order' | 'name' | 'type' | 'nulls' | 'distinct';

/** Columns whose name or type has the words, in the order asked for. */
export function chosen(
  columns: readonly IProfiled[],
  search: string,
  key: SortKey,
  descending: boolean
): IProfiled[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const found = columns.filter(({ name, type }) => {
    const text = `${name} ${type}`.toLowerCase();
    return words.every(word => text.includes(word));
  });
  if (key === 'order') {
    return descending ? found.reverse() : found;
  }
  const sign = descending ? -1 : 1;
  const by: Record<
    Exclude<SortKey, 'order'>,
    (a: IProfiled, b: IProfiled) => number
  > = {
    name: (a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }),
    type: (a, b) => a.type.localeCompare(b.type),
    nulls: (a, b) => a.nulls - b.nulls,
    distinct: (a, b) => (a.distinct ?? -1) - (b.distinct ?? -1)
  };
  return found.sort((a, b) => sign * by[key](a, b));
}

export interface IFile {
  name: string;
  bytes: number;
  digest: string;
}

/** The files of a dataset that is a folder; [] for rows. */
export function files(manifest: Record<string, unknown>): IFile[] {
  if (manifest['form'] !== 'folder') {
    return [];
  }
  const told = (manifest['files'] ?? {}) as Record<
    string,
    { bytes?: number; digest?: string }
  >;
  return Object.entries(told).map(([name, { bytes, digest }]) => ({
    name,
    bytes: bytes ?? 0,
    digest: digest ?? ''
  }));
}
