/** How a search went, trial by trial. Pure: no widgets, no requests. */
import type { Study, Trial } from '../wire';
import { toNumber } from './format';

export interface IAttempt {
  number: number;
  value: number;
  pruned: boolean;
}

export interface IHistory {
  attempts: IAttempt[];
  /** The best value so far, at each trial that improved it, and at the last. */
  best: { number: number; value: number }[];
  /** Numbers of the trials that failed without a value. */
  failed: number[];
}

export interface IScale {
  low: number;
  high: number;
  /** Those that are further out, which stand at its edge. */
  beyond: IAttempt[];
}

/** Fewer values have no middle that one of them could not move. */
const FEW = 5;
/** So many times the middle half is as far as a value may be from it. */
const FAR = 3;
/** A scale that would not be so many times finer leaves nothing out. */
const FINER = 3;

/** From where to where values are drawn: all of them, or where one would flatten the others, most. */
export function scale({ attempts, best }: IHistory): IScale {
  const values = attempts.map(({ value }) => value).sort((a, b) => a - b);
  const [low, high] = [values[0], values[values.length - 1]];
  const whole = { low, high, beyond: [] };
  const [q1, q3] = [quantile(values, 0.25), quantile(values, 0.75)];
  const room = FAR * (q3 - q1);
  if (values.length < FEW || !(room > 0)) {
    return whole;
  }
  const isNear = (value: number) => value >= q1 - room && value <= q3 + room;
  // The best is always on it; of the first trials some that were may not be.
  const last = best[best.length - 1]?.value ?? q1;
  const near = [...values.filter(isNear), last];
  const [from, to] = [Math.min(...near), Math.max(...near)];
  return high - low > FINER * (to - from)
    ? {
        low: from,
        high: to,
        beyond: attempts.filter(({ value }) => value < from || value > to)
      }
    : whole;
}

function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return below + (above - below) * (at - Math.floor(at));
}

/** Was it ended early because it was behind the others? */
export function isPruned(trial: Trial): boolean {
  return trial.reason.startsWith('pruned');
}

/** The value of one metric of a trial; NaN before it has one. */
export function valueOf(trial: Trial, metric: number): number {
  return toNumber(trial.values?.[metric]);
}

/** Each trial's value in order, and the best so far. Pruned trials don't count as best. */
export function history(study: Study, metric: number): IHistory {
  const better = betterThan(study.maximize[metric] ?? false);
  const attempts: IAttempt[] = [];
  const best: IHistory['best'] = [];
  const failed: number[] = [];
  // By their numbers: those that run side by side finish in another order.
  for (const trial of [...study.trials].sort((a, b) => a.number - b.number)) {
    const value = valueOf(trial, metric);
    if (!Number.isFinite(value)) {
      if (trial.state === 'FAILED') {
        failed.push(trial.number);
      }
      continue;
    }
    const pruned = isPruned(trial);
    attempts.push({ number: trial.number, value, pruned });
    const last = best[best.length - 1];
    if (!pruned && (!last || better(value, last.value))) {
      best.push({ number: trial.number, value });
    }
  }
  const end = attempts[attempts.length - 1];
  const last = best[best.length - 1];
  if (last && end.number > last.number) {
    best.push({ number: end.number, value: last.value });
  }
  return { attempts, best, failed };
}

function betterThan(maximize: boolean): (a: number, b: number) => boolean {
  return maximize ? (a, b) => a > b : (a, b) => a < b;
}
