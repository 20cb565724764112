/** Runs side by side: rows of tables and lines of plots. Pure. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { formatNumber, toNumber } from '../ui/format';
import { valueOf } from '../ui/labels';
import type { ComparePaper, Metric, Num } from '../wire';

export type Prepared = NonNullable<ComparePaper['transforms'][number]>;

/** The same with the oldest run first: what differs reads from then to now, in tables and in code. */
export function byAge(paper: ComparePaper): ComparePaper {
  const order = paper.runs
    .map((run, at) => ({ at, made: toNumber(run.created_s) }))
    .sort((a, b) => a.made - b.made)
    .map(({ at }) => at);
  const inOrder = <T>(all: readonly T[]): T[] =>
    all.length === order.length ? order.map(at => all[at]) : [...all];
  const each = <T>(of: { [name: string]: T[] }) =>
    Object.fromEntries(Object.entries(of).map(([name, all]) => [name, inOrder(all)]));
  return {
    ...paper,
    runs: inOrder(paper.runs),
    settings: each(paper.settings),
    metrics: each(paper.metrics),
    code: inOrder(paper.code),
    transforms: inOrder(paper.transforms)
  };
}

/** The runs of a page as its tables have them; what they don't have yet stands last. */
export function asShown(runs: readonly string[], shown: readonly string[]): string[] {
  const place = (run: string) => shown.indexOf(run) + 1 || shown.length + 1;
  return [...runs].sort((a, b) => place(a) - place(b));
}

/** The two transforms that prepared the rows of two runs, when they differ; null for one or none. */
export function preparedBy({
  transforms
}: ComparePaper): readonly [Prepared, Prepared] | 'several' | null {
  const known = transforms.flatMap(one => one ?? []);
  if (new Set(known.map(({ digest }) => digest)).size < 2) {
    return null;
  }
  return transforms.length === 2 ? [known[0], known[1]] : 'several';
}

export interface ICompared {
  name: string;
  values: string[];
  /** The best of a metric can't be known; the extremes can: where they stand. */
  high: number | null;
  low: number | null;
}

/** What differs, one row for each setting. */
export function settings(paper: ComparePaper, trans: TranslationBundle): ICompared[] {
  return Object.entries(paper.settings)
    .filter(([name]) => name !== 'name' || new Set(paper.settings[name]).size > 1)
    .map(([name, values]) => ({
      name,
      values: values.map(value => valueOf(name, value, trans)),
      high: null,
      low: null
    }));
}

/** The last values, one row for each metric. */
export function metrics(paper: ComparePaper): ICompared[] {
  return Object.entries(paper.metrics).map(([name, values]) => {
    const numbers = values.map(value => toNumber(value as Num | null));
    const known = numbers.filter(Number.isFinite);
    const differ = new Set(known).size > 1;
    return {
      name,
      values: values.map(value => (value === null ? '' : formatNumber(value))),
      high: differ ? numbers.indexOf(Math.max(...known)) : null,
      low: differ ? numbers.indexOf(Math.min(...known)) : null
    };
  });
}

export interface IOverlaid {
  series: string;
  x: number;
  y: number;
}

/** Lines of one metric for all runs, over steps; where none was given, over the report's number. */
export function overlaid(paper: ComparePaper, metric: string): IOverlaid[] {
  return paper.runs.flatMap(run => {
    const points = (paper.metrics_over_steps[run.id] ?? []).filter(
      (point: Metric) => point.name === metric
    );
    return points.map((point, at) => ({
      series: run.id,
      x: point.step ?? at,
      y: toNumber(point.value)
    }));
  });
}

/** Metrics that can be drawn as lines: reported more than once by some run. */
export function drawable(paper: ComparePaper): string[] {
  const names = new Set(
    Object.values(paper.metrics_over_steps).flatMap(points =>
      points.map(({ name }) => name)
    )
  );
  return [...names].filter(name =>
    Object.values(paper.metrics_over_steps).some(
      points => points.filter(point => point.name === name).length > 1
    )
  );
}

/** What the plots count: reports or steps of runs, trials of studies, or both. */
export function counted(paper: ComparePaper, trans: TranslationBundle): string {
  const studies = paper.runs.filter(({ kind }) => kind === 'tune').length;
  return studies === 0
    ? trans.__('step')
    : studies === paper.runs.length
      ? trans.__('trial')
      : trans.__('step, or trial of a study');
}
