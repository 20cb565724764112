import { nullTranslator } from '@jupyterlab/translation';
import type { ComparePaper } from '../wire';
import {
  asShown,
  byAge,
  counted,
  drawable,
  metrics,
  overlaid,
  preparedBy,
  settings
} from './model';
import { comparison, runsOf } from './title';

const trans = nullTranslator.load('jupyter_kf');

const point = (name: string, value: number | 'NaN', step: number | null) => ({
  name,
  value,
  step,
  at_s: 0
});

const paper = {
  runs: [{ id: 'a' }, { id: 'b' }],
  settings: { 'param lr': [0.1, 0.25], data: ['trips@1', null], env: [{ A: '1' }, {}] },
  metrics: { loss: [0.5, 0.25], auc: [0.9, null], nan: ['NaN', 'NaN'] },
  same: {},
  code: [null, null],
  metrics_over_steps: {
    a: [point('loss', 1, 0), point('loss', 0.5, 1), point('auc', 0.9, null)],
    b: [point('loss', 0.25, null), point('loss', 'NaN', null)]
  }
} as unknown as ComparePaper;

it('runs of a page are those of its id, each once', () => {
  expect(runsOf('a, b,a,,c')).toEqual(['a', 'b', 'c']);
  expect(runsOf('')).toEqual([]);
});

it('the older run stands first, with all that is its own, so that a difference reads from then to now', () => {
  const told = {
    ...paper,
    runs: [
      { id: 'new', created_s: 20 },
      { id: 'old', created_s: 10 }
    ],
    code: ['lr = 2', 'lr = 1'],
    transforms: [null, { name: 'prepare@1', digest: '1', code: '' }]
  } as unknown as ComparePaper;
  const { runs, code, transforms, settings: set, metrics: last } = byAge(told);
  expect(runs.map(({ id }) => id)).toEqual(['old', 'new']);
  expect(code).toEqual(['lr = 1', 'lr = 2']);
  expect(transforms[0]).toMatchObject({ name: 'prepare@1' });
  expect([set['param lr'], last['loss']]).toEqual([
    [0.25, 0.1],
    [0.25, 0.5]
  ]);
});

it('settings that differ are shown as texts, and nothing where there was none', () => {
  expect(settings(paper, trans).map(({ name, values }) => [name, ...values])).toEqual([
    ['param lr', '0.1', '0.25'],
    ['data', 'trips@1', ''],
    ['env', 'A=1', '']
  ]);
});

it('the highest and the lowest value are marked where values differ', () => {
  const [loss, auc, nan] = metrics(paper);
  expect([loss.high, loss.low]).toEqual([0, 1]);
  expect([auc.high, auc.values]).toEqual([null, ['0.9', '']]);
  expect([nan.high, nan.values[0]]).toEqual([null, 'NaN']);
});

it('metrics that were reported more than once are drawn, over steps or reports', () => {
  expect(drawable(paper)).toEqual(['loss']);
  const points = overlaid(paper, 'loss');
  expect(points.map(({ series, x }) => [series, x])).toEqual([
    ['a', 0],
    ['a', 1],
    ['b', 0],
    ['b', 1]
  ]);
});

it('a study is counted in trials, a run in steps', () => {
  const of = (...kinds: string[]) =>
    counted({ ...paper, runs: kinds.map(kind => ({ kind })) } as ComparePaper, trans);
  expect([of('train', 'train'), of('tune', 'tune')]).toEqual(['step', 'trial']);
  expect(of('train', 'tune')).toBe('step, or trial of a study');
});

it('a tab is called after the runs that are compared on it', () => {
  const of = (...runs: string[]) => comparison(runs, trans);
  const [one, two] = ['late-6fwgdqjj85', 'late-6fwgdqkk12'];
  expect(of()).toBe('Compare runs');
  expect(of(one)).toBe('Compare late jj85');
  expect(of(one, two)).toBe('Compare late jj85, kk12');
  expect(of(one, 'high-6fwgdqab34')).toBe('Compare late jj85, high ab34');
  expect(of(one, two, one, two, one)).toBe('Compare late jj85, kk12, jj85 +2');
});

it('the transforms of two runs are looked at where they differ', () => {
  const [a, b] = ['a', 'b'].map(digest => ({ name: digest, digest, code: '' }));
  const of = (...transforms: (typeof a | null)[]) =>
    preparedBy({ ...paper, transforms } as unknown as ComparePaper);
  expect(of(a, b)).toEqual([a, b]);
  expect([of(a, a), of(a, null), of(null, null)]).toEqual([null, null, null]);
  expect(of(a, b, a)).toBe('several');
});

it('the runs of the page stand in the order of its tables, new ones last', () => {
  expect(asShown(['c', 'a', 'new', 'b'], ['a', 'b', 'c'])).toEqual([
    'a',
    'b',
    'c',
    'new'
  ]);
  expect(asShown(['c', 'a'], [])).toEqual(['c', 'a']);
});
