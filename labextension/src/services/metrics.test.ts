import { FakeKubeflow, FakeRest, refusal, row, until } from '../testing/fakes';
import { MetricsFeed, thin } from './metrics';

const point = (name: string, value: number, step: number | null) => ({
  name,
  value,
  step,
  at_s: 0
});

const curves = (next: number, points: unknown[], more = false) => {
  const counts: Record<string, number> = {};
  for (const { name } of points as { name: string }[]) {
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return { next, points, more, counts };
};
const page = (next: number, points: unknown[], more = false) => ({
  next,
  points,
  more,
  counts: null
});
/** A feed of run `a`, answered by these, one after the other. */
const fed = (...pages: unknown[]) => {
  const kf = new FakeKubeflow(new FakeRest(() => pages.shift()));
  let value = 0;
  const move = () => kf.tell({ ...at, id: 'a', row: row('a', { progress: ++value }) });
  return { kf, feed: new MetricsFeed(kf, 'a'), move };
};
const xy = (feed: MetricsFeed, name: string) =>
  feed.series.get(name)!.map(point => [point.x, point.y]);

afterEach(() => jest.useRealTimers());

describe('what a run reports', () => {
  it('is fetched as curves, then from where it was, after each change of the run', async () => {
    const { kf, feed, move } = fed(
      curves(20, [point('loss', 1, 0), point('loss', 0.5, 1)]),
      page(30, [point('loss', 0.25, 2)])
    );
    await until(() => feed.version === 1);
    kf.tell({ ...at, id: 'b', row: row('b') }); // another run
    move();
    await until(() => feed.version === 2);
    expect(xy(feed, 'loss')).toEqual([
      [0, 1],
      [1, 0.5],
      [2, 0.25]
    ]);
    expect(kf.rest.asked).toEqual([
      'GET runs/a/metrics {"curves":true}',
      'GET runs/a/metrics {"after":20}'
    ]);
  });

  it('is fetched also when its row is the same, as on a plateau, once for each event', async () => {
    const pages = [2, 3, 4].map(n => page(n, [point('acc', 1, n)]));
    const { kf, feed } = fed(curves(1, [point('acc', 1, 1)]), ...pages);
    for (let version = 1; version < 4; version++) {
      await until(() => feed.version === version);
      kf.tell({ ...at, id: 'a', row: row('a', { metrics: { acc: 1 } }) });
    }
    await until(() => feed.version === 4);
    expect([xy(feed, 'acc').length, kf.rest.asked.length]).toEqual([4, 4]);
    feed.dispose();
  });

  it('is asked for again after a failure of the server, and not after a refusal', async () => {
    jest.useFakeTimers();
    for (const [status, wanted] of [
      [500, 2],
      [404, 1]
    ]) {
      const answers = [refusal(status), null];
      const rest = new FakeRest(() => {
        const failure = answers.shift();
        if (failure) {
          throw failure;
        }
        return curves(1, [point('loss', 1, 0)]);
      });
      const feed = new MetricsFeed(new FakeKubeflow(rest), 'a');
      await jest.advanceTimersByTimeAsync(60_000);
      expect([rest.asked.length, feed.known]).toEqual([wanted, status === 500]);
      feed.dispose();
    }
  });

  it('is fetched once more when it changed while an answer was on its way', async () => {
    const held: ((page: unknown) => void)[] = [];
    const kf = new FakeKubeflow(new FakeRest(() => new Promise(go => held.push(go))));
    const feed = new MetricsFeed(kf, 'a');
    await until(() => held.length === 1);
    kf.tell({ ...at, id: 'a', row: row('a', { state: 'SUCCEEDED' }) }); // the end
    await new Promise(resolve => setTimeout(resolve, 200));
    held[0](curves(1, [point('loss', 1, 0)]));
    await until(() => held.length === 2);
    held[1](page(2, [point('loss', 0.5, 1)]));
    await until(() => feed.series.get('loss')?.length === 2);
    feed.dispose();
  });

  it('is drawn while a long file is still read, each answer in place of the last', async () => {
    const { feed } = fed(
      curves(10, [point('loss', 9, 0)], true),
      curves(20, [point('loss', 9, 0), point('loss', 1, 7)])
    );
    await until(() => feed.version === 2);
    expect(xy(feed, 'loss')).toEqual([
      [0, 9],
      [7, 1]
    ]);
  });

  it('is fetched as curves again when much is new, or more than an answer holds', async () => {
    const many = Array.from({ length: 4_001 }, (_, n) => point('loss', n, n));
    const { kf, feed, move } = fed(
      curves(10, [point('loss', 1, 0)]),
      page(20, many),
      curves(20, [point('loss', 1, 0), point('loss', 4_000, 4_000)]),
      page(30, [point('loss', 0, 4_001)], true),
      curves(40, [point('loss', 1, 0)])
    );
    await until(() => feed.version === 1);
    move();
    await until(() => feed.version === 3);
    expect(xy(feed, 'loss').length).toBe(2);
    move();
    await until(() => feed.version === 4);
    expect(kf.rest.asked.length).toBe(5);
    feed.dispose();
  });

  it('counts on where no step was given, and keeps NaN as such', async () => {
    const { feed, move } = fed(
      { ...curves(2, [point('a', 1, 0), point('a', 2, 6)]), counts: { a: 9 } },
      page(3, [{ ...point('a', 2, null), value: 'NaN' as const }])
    );
    await until(() => feed.version === 1);
    move();
    await until(() => feed.version === 2);
    expect(xy(feed, 'a')).toEqual([
      [0, 1],
      [6, 2],
      [9, NaN]
    ]);
  });

  it('is known once the server answered, also when there is nothing', async () => {
    const kf = new FakeKubeflow(new FakeRest(() => curves(0, [])));
    const feed = new MetricsFeed(kf, 'a');
    expect(feed.known).toBe(false);
    let told = 0;
    feed.changed.connect(() => (told += 1));
    await until(() => feed.known);
    expect([told, feed.series.size]).toEqual([1, 0]);
  });

  it('asks no more once disposed', async () => {
    const kf = new FakeKubeflow(new FakeRest(() => curves(0, [])));
    const feed = new MetricsFeed(kf, 'a');
    await until(() => kf.rest.asked.length === 1);
    feed.dispose();
    kf.tell({ ...at, id: 'a', row: row('a', { progress: 1 }) });
    kf.stale.emit();
    await new Promise(resolve => setTimeout(resolve, 300));
    expect(kf.rest.asked.length).toBe(1);
  });
});

describe('a thinned series', () => {
  it('keeps the extremes and stays in order', () => {
    const points = Array.from({ length: 10_000 }, (_, x) => ({
      x,
      y: Math.sin(x / 300)
    }));
    points[5_432].y = 99;
    points[7_777].y = -99;
    const kept = thin(points, 500);
    expect(kept.length).toBeLessThanOrEqual(500);
    expect([Math.max(...kept.map(p => p.y)), Math.min(...kept.map(p => p.y))]).toEqual([
      99, -99
    ]);
    expect(kept.every((p, index) => index === 0 || p.x > kept[index - 1].x)).toBe(true);
  });

  it('is the same when it is short', () => {
    const points = [{ x: 0, y: 1 }];
    expect(thin(points, 100)).toBe(points);
  });
});

const at = { seq: 1, epoch: 'a', thing: 'run' as const, action: 'changed' as const };
