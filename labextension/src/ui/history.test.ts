import { study, trial } from '../testing/fakes';
import { history } from './history';

describe('the history of a study', () => {
  it('keeps the best so far, up to the last trial', () => {
    const told = study([
      trial(0, { values: [0.5] }),
      trial(1, { values: [0.9] }),
      trial(2, { values: [0.7] })
    ]);
    expect(history(told, 0).best).toEqual([
      { number: 0, value: 0.5 },
      { number: 1, value: 0.9 },
      { number: 2, value: 0.9 }
    ]);
    expect(history({ ...told, maximize: [false] }, 0).best).toEqual([
      { number: 0, value: 0.5 },
      { number: 2, value: 0.5 }
    ]);
  });

  it('shows a trial that was ended early, but never as the best', () => {
    const pruned = trial(1, {
      values: [0.99],
      state: 'CANCELLED',
      reason: 'pruned at step 3: below the median'
    });
    const { attempts, best } = history(study([trial(0, { values: [0.5] }), pruned]), 0);
    expect(attempts[1]).toEqual({ number: 1, value: 0.99, pruned: true });
    expect(best[best.length - 1].value).toBe(0.5);
  });

  it('leaves out trials without a finite value', () => {
    const told = study([
      trial(0, { values: null }),
      trial(1, { values: ['NaN'] }),
      trial(2)
    ]);
    expect(history(told, 0).attempts.map(({ number }) => number)).toEqual([2]);
  });

  it('is empty before the first trial', () => {
    expect(history(study([]), 0)).toEqual({ attempts: [], best: [] });
  });

  it('counts trials by their numbers, however they finished', () => {
    const told = study([
      trial(2, { values: [0.7] }),
      trial(0, { values: [0.5] }),
      trial(1, { values: [0.9] })
    ]);
    expect(history(told, 0).attempts.map(({ number }) => number)).toEqual([0, 1, 2]);
    expect(history(told, 0).best.map(({ number }) => number)).toEqual([0, 1, 2]);
  });
});
