import { nullTranslator } from '@jupyterlab/translation';
import type { Stats } from '../wire';
import { type ISample, latencyFigures, rates, sampled, series } from './traffic';

function stats(at_s: number, requests_total: number, more: Partial<Stats> = {}): Stats {
  const none = { rows_total: 0, errors_total: 0, latency_s: null, rate_per_s: null };
  return { at_s, requests_total, version: 1, ...none, ...more };
}

const all = (told: Stats[]) =>
  told.reduce<ISample[]>((known, one) => sampled(known, one), []);
const requests = (told: Stats[]) => rates(all(told), { n: one => one.requests });
/** Every two seconds one that has counted as many. */
const idle = (from: number, to: number, count: number) =>
  Array.from({ length: (to - from) / 2 + 1 }, (_, at) => stats(from + 2 * at, count));

describe('the rate of an endpoint', () => {
  it('is of five seconds: one request is a fifth a second, however soon it was counted', () => {
    const line = requests([
      ...idle(100, 160, 7),
      stats(160.14, 8),
      ...idle(162, 164, 8)
    ]);
    expect(Math.max(...line.map(({ y }) => y))).toBeCloseTo(0.2);
    const area = line.filter(({ x }) => Number.isInteger(x));
    expect(area.reduce((sum, { y }) => sum + y, 0)).toBeCloseTo(0.8); // it is over in a second
  });

  it('is as many as came, when they come evenly and the samples do not', () => {
    const at = [0, 2, 4, 4.3, 6, 11, 20, 22];
    for (const { y } of requests(at.map(second => stats(second, 9 + 3 * second)))) {
      expect(y).toBeCloseTo(3);
    }
  });

  it('is drawn of the last minute, and of nothing that was not watched', () => {
    const long = requests(idle(0, 200, 0));
    expect([long[0].x, long[long.length - 1].x]).toEqual([-60, 0]);
    const short = requests(idle(0, 8, 4));
    expect([short[0].x, short[short.length - 1].x]).toEqual([-3, 0]);
    const away = requests([...idle(0, 8, 4), ...idle(50, 60, 90)]);
    expect(away.map(({ x, y }) => (Number.isNaN(y) ? '|' : x + 60))).toEqual([
      5,
      6,
      7,
      8,
      '|',
      55,
      56,
      57,
      58,
      59,
      60
    ]);
  });

  it('shows the first request of all, which came as soon as somebody looked', () => {
    const line = requests([stats(100, 0), stats(100.2, 1), stats(102, 1)]);
    expect(line[line.length - 1]).toMatchObject({ x: 0, y: 0.2 });
    expect(line[0]).toMatchObject({ x: -60, y: 0 });
  });

  it('is of the version that has the traffic, as its counters are', () => {
    const second = [...idle(0, 20, 500), stats(22, 1, { version: 2 })];
    expect(all(second).map(({ version }) => version)).toEqual([2]);
    // Version 1 is back, and has counted more than version 2.
    expect(all([...second, stats(24, 501)]).map(({ at_s }) => at_s)).toEqual([24]);
    // It was started again.
    expect(all([...idle(0, 20, 500), stats(22, 3)]).map(({ at_s }) => at_s)).toEqual([
      22
    ]);
  });
});

describe('samples of an endpoint', () => {
  it('are not joined by a line where none came for long, nor drawn beyond the minute', () => {
    const latency_s = { p50: 1, p90: 1, p99: 1 };
    const told = [stats(-30, 1, { latency_s }), stats(3, 1, { latency_s })];
    told.push(stats(5, 4), stats(9, 5, { latency_s }), stats(60, 6, { latency_s }));
    const line = series(all(told), { p50: sample => sample.p50 });
    const drawn = line.map(({ x, y }) => (Number.isNaN(y) ? '|' : x + 60));
    expect(drawn).toEqual([3, '|', 9, '|', 60]);
  });

  it('ignore an answer that was overtaken', () => {
    const one = all([stats(10, 1)]);
    expect(sampled(one, stats(9, 0))).toEqual(one);
  });

  it('never grow beyond what is shown', () => {
    expect(all(idle(0, 1000, 0)).length).toBeLessThan(50);
  });
});

it('latency is one figure where there is one, and two where they differ', () => {
  const told = (p50: number, p99: number) =>
    latencyFigures({ p50, p99 }, nullTranslator.load('jupyter_kf'));
  expect(told(0.02, 0.02)).toEqual([['Latency', 0.02]]);
  expect(told(NaN, NaN)).toEqual([['Latency', NaN]]);
  expect(told(0.02, 0.5)).toEqual([
    ['p50', 0.02],
    ['p99', 0.5]
  ]);
});
