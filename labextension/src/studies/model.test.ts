import { nullTranslator } from '@jupyterlab/translation';
import { study, trial } from '../testing/fakes';
import { axes, parallels, position, sorted, unpromoted, withoutLine } from './model';

const trans = nullTranslator.load('jupyter_kf');

describe('parallel coordinates', () => {
  const told = study([
    trial(0, { params: { lr: 0.001, kind: 'a', same: 1 } }),
    trial(1, { params: { lr: 0.1, kind: 'b', same: 1 } }),
    trial(2, { params: { lr: 0.01, kind: 'a', same: 1 }, values: null })
  ]);
  const space = { lr: 'loguniform(1e-4, 1)', kind: 'choice(a, b)', same: '1' };

  it('have an axis for what varies, and the metric last', () => {
    const all = axes(told, space, 0);
    expect(all.map(({ name }) => name)).toEqual(['lr', 'kind', 'auc']);
    expect(all[0].log).toBe(true);
    expect(all[1].choices).toEqual(['a', 'b']);
  });

  it('have a line for each trial with a value', () => {
    const lines = parallels(told, axes(told, space, 0), 0);
    expect(lines.map(line => line.at)).toEqual([
      [0, 0, 0],
      [1, 1, 1]
    ]);
  });

  it('count in words the trials that failed, and name the first of many', () => {
    const failed = (number: number) => trial(number, { state: 'FAILED', values: null });
    expect(withoutLine(told, 0, trans)).toBe(''); // the last one has not ended
    expect(withoutLine(study([trial(0), failed(3)]), 0, trans)).toBe(
      'Trial 3 failed, so it has no line.'
    );
    const ten = study(Array.from({ length: 10 }, (_, at) => failed(at)));
    expect(withoutLine(ten, 0, trans)).toBe(
      '10 trials failed, so they have no line: 0, 1, 2, 3, 4, 5, 6, 7 and 2 more.'
    );
  });

  it('place a value by its logarithm where the space is logarithmic', () => {
    const [lr] = axes(told, space, 0);
    expect(position(lr, 0.01)).toBeCloseTo(0.5);
    expect(position(lr, undefined)).toBeNaN();
  });
});

describe('the table of trials', () => {
  const told = study([
    trial(0, { values: [0.2], params: { lr: 0.3 } }),
    trial(1, { values: null, params: {} }),
    trial(2, { values: [0.9], params: { lr: 0.1 } })
  ]);
  const numbers = (key: Parameters<typeof sorted>[1], down: boolean) =>
    sorted(told, key, down).map(({ number }) => number);

  it('sorts by a metric or a parameter, with what has none last either way', () => {
    expect(numbers('metric auc', true)).toEqual([2, 0, 1]);
    expect(numbers('metric auc', false)).toEqual([0, 2, 1]);
    expect(numbers('param lr', false)).toEqual([2, 0, 1]);
  });

  it('does not change the study', () => {
    numbers('number', true);
    expect(told.trials.map(({ number }) => number)).toEqual([0, 1, 2]);
  });
});

it('only a trial that left a model can be promoted, and of another it is said why not', () => {
  const told = study([
    trial(0, { model: 'a' }),
    trial(1),
    trial(2, { state: 'RUNNING', values: null }),
    trial(3, { state: 'FAILED', values: null })
  ]);
  const why = (at: number) => unpromoted(told, told.trials[at], trans);
  expect(why(0)).toBe('');
  expect(why(1)).toContain('Trial 1 kept no model: only a trial that was the best');
  expect(why(2)).toContain('has not ended yet');
  expect(why(3)).toContain('did not complete');
  const none = study([trial(0), trial(1)]);
  expect(unpromoted(none, none.trials[0], trans)).toContain('No trial left a model');
});
