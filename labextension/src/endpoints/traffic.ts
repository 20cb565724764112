/** What an endpoint counts, sampled while somebody looks. Pure but for the clock of its owner. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { toNumber } from '../ui/format';
import type { Stats } from '../wire';

export interface ISample {
  /** By the server's clock. */
  at_s: number;
  version: number;
  requests: number;
  errors: number;
  p50: number;
  p90: number;
  p99: number;
}

/** So much is drawn, to the newest sample. */
export const SHOWN_S = 60;
/** A rate is of so long: of the moment between two samples it would be a spike. */
export const WINDOW_S = 5;
/** Nothing is known between samples further apart than this: nobody looked, or none came. */
const GAP_S = 20;

/**
 * The samples with one more, of the version that has the traffic: each has counters of its own.
 *
 * Those from before a switch or a restart go, as the counters beside the plots do.
 */
export function sampled(known: readonly ISample[], now: Stats): ISample[] {
  const at_s = toNumber(now.at_s);
  const last = known[known.length - 1];
  if (last && at_s <= last.at_s) {
    return [...known];
  }
  const anew =
    last && (now.version !== last.version || now.requests_total < last.requests);
  const { p50, p90, p99 } = now.latency_s ?? { p50: NaN, p90: NaN, p99: NaN };
  const latency = { p50: toNumber(p50), p90: toNumber(p90), p99: toNumber(p99) };
  const { version, requests_total: requests, errors_total: errors } = now;
  const kept = SHOWN_S + WINDOW_S + GAP_S;
  return [
    ...(anew ? [] : known.filter(sample => sample.at_s >= at_s - kept)),
    { at_s, version, requests, errors, ...latency }
  ];
}

/** What there is to say of latency: where the few there were took as long, one figure. */
export function latencyFigures(
  { p50, p99 }: Pick<ISample, 'p50' | 'p99'>,
  trans: TranslationBundle
): [string, number][] {
  return Object.is(p50, p99) // both may not be known
    ? [[trans.__('Latency'), p50]]
    : [
        [trans.__('p50'), p50],
        [trans.__('p99'), p99]
      ];
}

export interface ILinePoint {
  series: string;
  x: number;
  y: number;
}

type Picked = { [name: string]: (sample: ISample) => number };

/**
 * How many a second, each second of what is shown: the count of the seconds before, by their number.
 *
 * What came between two samples is spread evenly over the time between them.
 */
export function rates(samples: readonly ISample[], counts: Picked): ILinePoint[] {
  const end = samples[samples.length - 1]?.at_s ?? 0;
  const at: number[] = [];
  // At whole seconds of the clock, so that what was drawn moves left and keeps its shape.
  for (let second = Math.ceil(end - SHOWN_S); second < end; second++) {
    at.push(second);
  }
  at.push(end);
  return Object.entries(counts).flatMap(([name, count]) =>
    broken(
      at.map(second => ({
        series: name,
        x: second - end,
        y: counted(samples, count, second - WINDOW_S, second) / WINDOW_S
      }))
    )
  );
}

/**
 * How many came from one time to another; NaN where some of it was not watched.
 *
 * Before a first sample that has counted nothing, nothing came.
 */
function counted(
  samples: readonly ISample[],
  count: (sample: ISample) => number,
  from_s: number,
  to_s: number
): number {
  if (!samples.length || (from_s < samples[0].at_s && count(samples[0]) > 0)) {
    return NaN;
  }
  let sum = 0;
  for (let at = 1; at < samples.length; at++) {
    const [before, after] = [samples[at - 1], samples[at]];
    const span = after.at_s - before.at_s;
    const shared = Math.min(to_s, after.at_s) - Math.max(from_s, before.at_s);
    if (shared > 0) {
      sum += span > GAP_S ? NaN : ((count(after) - count(before)) * shared) / span;
    }
  }
  return sum;
}

/** Values over seconds before the newest sample; lines end where none came for long. */
export function series(samples: readonly ISample[], pick: Picked): ILinePoint[] {
  const end = samples[samples.length - 1]?.at_s ?? 0;
  const shown = samples.filter(({ at_s }) => at_s >= end - SHOWN_S);
  return Object.entries(pick).flatMap(([name, value]) =>
    broken(
      shown.flatMap((sample, at) => {
        const point = { series: name, x: sample.at_s - end, y: value(sample) };
        const gap = at > 0 && sample.at_s - shown[at - 1].at_s > GAP_S;
        return gap ? [{ ...point, y: NaN }, point] : [point];
      })
    )
  );
}

/** Without what is not known at the ends; between, one point without a value breaks the line. */
function broken(points: readonly ILinePoint[]): ILinePoint[] {
  const known = points.filter(
    ({ y }, at) => !Number.isNaN(y) || !Number.isNaN(points[at - 1]?.y ?? NaN)
  );
  return Number.isNaN(known[known.length - 1]?.y ?? 0) ? known.slice(0, -1) : known;
}
