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
  // By their numbers: those that run side by side finish in another order.
  for (const trial of [...study.trials].sort((a, b) => a.number - b.number)) {
    const value = valueOf(trial, metric);
    if (!Number.isFinite(value)) {
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
  return { attempts, best };
}

function betterThan(maximize: boolean): (a: number, b: number) => boolean {
  return maximize ? (a, b) => a > b : (a, b) => a < b;
}
