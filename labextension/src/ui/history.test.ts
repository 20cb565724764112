import { study, trial } from '../testing/fakes';
import { history, scale } from './history';

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
    expect(history(study([]), 0)).toEqual({ attempts: [], best: [], failed: [] });
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

describe('the scale of a history', () => {
  const of = (values: number[], maximize = true) =>
    scale(
      history(
        study(
          values.map((value, at) => trial(at, { values: [value] })),
          maximize
        ),
        0
      )
    );

  it('is of the middle, where one bad trial would flatten all others', () => {
    const { low, high, beyond } = of([0.52, 0.5, -400, 0.55, 0.53, 0.56]);
    expect([low, high]).toEqual([0.5, 0.56]);
    expect(beyond).toEqual([{ number: 2, value: -400, pruned: false }]);
  });

  it('has the best on it, however far that is', () => {
    const values = [0.52, 0.5, 40, 0.55, 0.53, 0.56];
    expect(of(values)).toEqual({ low: 0.5, high: 40, beyond: [] });
    expect(of(values, false).beyond).toHaveLength(1);
  });

  it('is of all where they are few, alike, or spread evenly', () => {
    for (const values of [
      [1, 2, 400],
      [1, 1, 1, 1, 1, 9],
      [1, 2, 3, 4, 5, 9]
    ]) {
      expect(of(values)).toEqual({
        low: Math.min(...values),
        high: Math.max(...values),
        beyond: []
      });
    }
  });

  it('leaves failed trials to marks of their own', () => {
    const failed = trial(1, { values: null, state: 'FAILED' });
    expect(history(study([trial(0), failed]), 0).failed).toEqual([1]);
  });
});
