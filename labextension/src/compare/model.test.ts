import { nullTranslator } from '@jupyterlab/translation';
import type { ComparePaper } from '../wire';
import { counted, drawable, metrics, overlaid, runsOf, settings } from './model';

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
