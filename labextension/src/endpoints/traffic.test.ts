import type { Stats } from '../wire';
import { KEPT, sampled, series } from './traffic';

function stats(at_s: number, requests_total: number, more: Partial<Stats> = {}): Stats {
  const none = { rows_total: 0, errors_total: 0, latency_s: null, rate_per_s: null };
  return { at_s, requests_total, version: 1, ...none, ...more };
}

describe('samples of an endpoint', () => {
  it('have the rate since the one before, by the server’s clock', () => {
    const one = sampled([], null, stats(10, 100));
    const two = sampled(one, stats(10, 100), stats(14, 108));
    expect(one[0].rate).toBeNaN();
    expect(two[1].rate).toBe(2);
  });

  it('have no rate across a version that counts anew', () => {
    const [, last] = sampled(
      sampled([], null, stats(1, 500)),
      stats(1, 500),
      stats(2, 3)
    );
    expect(last.rate).toBeNaN();
  });

  it('have no rate across a roll back to a version that had counted more', () => {
    const second = stats(1, 1, { version: 2 });
    const first = stats(2, 4, { version: 1, errors_total: 3 });
    const [, last] = sampled(sampled([], null, second), second, first);
    expect([last.rate, last.errors]).toEqual([NaN, NaN]);
  });

  it('are not joined by a line across versions, nor where none came for long', () => {
    const latency_s = { p50: 1, p90: 1, p99: 1 };
    const told = [
      stats(1, 1, { latency_s, version: 2 }),
      stats(3, 2, { latency_s, version: 2 }),
      stats(5, 4, { latency_s }),
      stats(7, 4),
      stats(9, 5, { latency_s }),
      stats(60, 6, { latency_s })
    ];
    let known = sampled([], null, told[0]);
    for (let at = 1; at < told.length; at++) {
      known = sampled(known, told[at - 1], told[at]);
    }
    const line = series(known, { p50: sample => sample.p50 });
    const drawn = line.map(({ x, y }) => (Number.isNaN(y) ? '|' : x + 60));
    expect(drawn).toEqual([1, 3, '|', 5, '|', 9, '|', 60]);
  });

  it('ignore an answer that was overtaken', () => {
    const one = sampled([], null, stats(10, 1));
    expect(sampled(one, stats(10, 1), stats(9, 0))).toEqual(one);
  });

  it('never grow beyond what is shown', () => {
    let known = sampled([], null, stats(0, 0));
    for (let at = 1; at < KEPT + 50; at++) {
      known = sampled(known, stats(at - 1, at - 1), stats(at, at));
    }
    expect(known).toHaveLength(KEPT);
  });

  it('are lines that end now, without what was not measured', () => {
    const known = sampled(sampled([], null, stats(10, 0)), stats(10, 0), stats(12, 4));
    expect(series(known, { requests: sample => sample.rate })).toEqual([
      { series: 'requests', x: 0, y: 2 }
    ]);
  });
});
