/** What an endpoint counts, sampled while somebody looks. Pure but for the clock of its owner. */
import { toNumber } from '../ui/format';
import type { Stats } from '../wire';

export interface ISample {
  at_s: number;
  version: number;
  rate: number;
  errors: number;
  p50: number;
  p90: number;
  p99: number;
}

export const KEPT = 240;
/** Samples further apart than this are not joined by a line: nobody looked, or none came. */
const GAP_S = 20;

/** The samples with one more: rates are between it and the one before, by the server's clock. */
export function sampled(
  known: readonly ISample[],
  before: Stats | null,
  now: Stats
): ISample[] {
  const at_s = toNumber(now.at_s);
  const last = before ? toNumber(before.at_s) : NaN;
  if (at_s <= last) {
    return [...known];
  }
  const span = at_s - last;
  // Each version has counters of its own: there is no rate between two, nor across a restart.
  const counted =
    before !== null &&
    now.version === before.version &&
    now.requests_total >= before.requests_total;
  const rate = counted ? (now.requests_total - before.requests_total) / span : NaN;
  const errors = counted ? (now.errors_total - before.errors_total) / span : NaN;
  const { p50, p90, p99 } = now.latency_s ?? { p50: NaN, p90: NaN, p99: NaN };
  const latency = { p50: toNumber(p50), p90: toNumber(p90), p99: toNumber(p99) };
  return [...known, { at_s, version: now.version, rate, errors, ...latency }].slice(
    -KEPT
  );
}

export interface ILinePoint {
  series: string;
  x: number;
  y: number;
}

/**
 * Lines over seconds before the newest sample, so that the plot's end stays in its place.
 *
 * A point without a value breaks the line: between two versions, and where nothing was measured.
 */
export function series(
  samples: readonly ISample[],
  pick: { [name: string]: (sample: ISample) => number }
): ILinePoint[] {
  const end = samples[samples.length - 1]?.at_s ?? 0;
  return Object.entries(pick).flatMap(([name, value]) => {
    const points: ILinePoint[] = [];
    samples.forEach((sample, at) => {
      const point = { series: name, x: sample.at_s - end, y: value(sample) };
      if (!Number.isFinite(point.y)) {
        return;
      }
      if (points.length && !joined(samples[at - 1], sample, value)) {
        points.push({ ...point, y: NaN });
      }
      points.push(point);
    });
    return points;
  });
}

/** Whether a line may lead from a sample to the next. */
function joined(
  from: ISample,
  to: ISample,
  value: (sample: ISample) => number
): boolean {
  return (
    from.version === to.version &&
    to.at_s - from.at_s <= GAP_S &&
    Number.isFinite(value(from))
  );
}
