import { nullTranslator } from '@jupyterlab/translation';
import { change, FakeKubeflow, row } from '../testing/fakes';
import type { Change } from '../wire';
import { follow } from './follow';
import { PagedList } from './list';
import { type IRow, runRow } from './sections';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const trans = nullTranslator.load('jupyter_kf');
const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);

/** A followed list of the rows that a server has. */
async function followed(thing: 'run' | 'study', plain: boolean) {
  const server = { rows: [row('a')], asked: 0 };
  const list = new PagedList<IRow>(
    async () => {
      server.asked += 1;
      const rows = server.rows.map(one => runRow(one, trans));
      return { total: rows.length, rows };
    },
    ({ id }) => id
  );
  list.refresh();
  await pass(0);
  const kf = new FakeKubeflow();
  const stop = follow(kf, trans, { section: { thing }, list, plain });
  let seq = 0;
  const emit = (more: Partial<Change>) => {
    kf.changed.emit(change((seq += 1), { thing, ...more }));
  };
  return { server, list, kf, stop, emit };
}

describe('a list that is followed', () => {
  for (const thing of ['study', 'run'] as const) {
    it(`is fetched at a measured pace (${thing}), and last after the last change`, async () => {
      const { server, emit, list } = await followed(thing, false);
      for (let n = 1; n <= 90; n++) {
        server.rows = [row('a', { progress: n / 100 })];
        emit({ id: 'other' }); // is not in this search
        await pass(10);
      }
      expect(server.asked).toBeLessThanOrEqual(5);
      await pass(300);
      expect(list.row(0)!.progress).toBe(0.9);
      const asked = server.asked;
      await pass(5_000);
      expect(server.asked).toBe(asked);
    });
  }

  it('changes a row in its place without being fetched', async () => {
    const { server, emit, list } = await followed('run', true);
    emit({ id: 'a', row: row('a', { progress: 0.5 }) });
    await pass(1_000);
    expect([list.row(0)!.progress, server.asked]).toEqual([0.5, 1]);
  });

  it('shows a new run at once, and many of them with few fetches', async () => {
    const { server, emit, list } = await followed('run', true);
    for (let n = 1; n <= 20; n++) {
      server.rows.unshift(row(`n${n}`));
      emit({ id: `n${n}`, action: 'created', row: row(`n${n}`) });
      expect(list.row(0)!.id).toBe(`n${n}`);
      await pass(10);
    }
    await pass(1_000);
    expect([list.total, server.asked <= 4]).toEqual([21, true]);
  });

  it('is fetched after an end, after missed changes, and not for other things', async () => {
    const { server, emit, kf } = await followed('run', true);
    emit({ thing: 'model', id: 'a' });
    await pass(1_000);
    expect(server.asked).toBe(1);
    emit({ id: 'a', action: 'ended', row: row('a', { state: 'FAILED' }) });
    await pass(1_000);
    expect(server.asked).toBe(2);
    kf.stale.emit();
    await pass(1_000);
    expect(server.asked).toBe(3);
  });

  it('is left alone after it', async () => {
    const { server, emit, stop, kf } = await followed('run', true);
    emit({ id: 'other' });
    emit({ id: 'other' });
    const { asked } = server;
    stop();
    emit({ id: 'other' });
    kf.stale.emit();
    await pass(1_000);
    expect(server.asked).toBe(asked);
  });
});
