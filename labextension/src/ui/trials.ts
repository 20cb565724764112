/** How far a search is, counted and said the same wherever it is shown. Pure. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { State, Study } from '../wire';
import { isPruned } from './history';

export interface ICounts {
  done: number;
  running: number;
  pruned: number;
  failed: number;
}

export function counts(study: Study): ICounts {
  const found = { done: 0, running: 0, pruned: 0, failed: 0 };
  for (const trial of study.trials) {
    found.running += Number(trial.state === 'RUNNING' || trial.state === 'PENDING');
    found.done += Number(trial.state === 'SUCCEEDED');
    found.failed += Number(trial.state === 'FAILED');
    found.pruned += Number(isPruned(trial));
  }
  return found;
}

/** Trials that have ended by themselves: one that was lost is tried again. */
export function finishedOf({ done, pruned, failed }: ICounts): number {
  return done + pruned + failed;
}

/** The same of a study's row, whose trials are counted by state already. */
export function finishedIn(trials: { [state: string]: number }): number {
  const over: State[] = ['SUCCEEDED', 'CANCELLED', 'FAILED'];
  return over.reduce((sum, state) => sum + (trials[state] ?? 0), 0);
}

export function finishedWords(
  finished: number,
  total: number,
  trans: TranslationBundle
): string {
  return trans.__('%1 of %2 trials finished', finished, total);
}

/** How far, and what became of those that did not simply succeed. */
export function trialWords(study: Study, trans: TranslationBundle): string[] {
  const found = counts(study);
  const said = [finishedWords(finishedOf(found), study.total, trans)];
  if (found.pruned) {
    said.push(trans._n('%1 ended early', '%1 ended early', found.pruned));
  }
  if (found.failed) {
    said.push(trans._n('%1 failed', '%1 failed', found.failed));
  }
  return said;
}
