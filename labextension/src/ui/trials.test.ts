import { nullTranslator } from '@jupyterlab/translation';
import { study, trial } from '../testing/fakes';
import { counts, finishedIn, finishedOf, trialWords } from './trials';

const trans = nullTranslator.load('jupyter_kf');
const told = study([
  trial(0),
  trial(1, { state: 'RUNNING', values: null }),
  trial(2, { state: 'FAILED' }),
  trial(3, { state: 'CANCELLED', reason: 'pruned at step 1' })
]);

it('trials are counted by how they ended', () => {
  const told = study([
    trial(0),
    trial(1, { state: 'RUNNING' }),
    trial(2, { state: 'FAILED' }),
    trial(3, { state: 'CANCELLED', reason: 'pruned at step 1' })
  ]);
  expect(counts(told)).toEqual({ done: 1, running: 1, pruned: 1, failed: 1 });
});

it('the trials of a study and of its row in a list are counted alike', () => {
  const row = { SUCCEEDED: 1, RUNNING: 1, FAILED: 1, CANCELLED: 1, LOST: 2 };
  expect([finishedOf(counts(told)), finishedIn(row)]).toEqual([3, 3]);
});

it('how far it is says how many there will be, not how many have begun', () => {
  const far = trialWords({ ...told, total: 20 }, trans);
  expect(far).toEqual(['3 of 20 trials finished', '1 ended early', '1 failed']);
});
