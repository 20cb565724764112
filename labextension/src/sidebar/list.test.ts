import { until } from '../testing/fakes';
import { type IPage, PagedList } from './list';

interface IThing {
  id: string;
  n: number;
}

/** A server with this many things, which counts what it is asked. */
class Server {
  constructor(public things: IThing[]) {}

  readonly asked: number[] = [];
  held: (() => void)[] | null = null;

  readonly fetch = async (offset: number): Promise<IPage<IThing>> => {
    this.asked.push(offset);
    if (this.held) {
      await new Promise<void>(resolve => this.held!.push(resolve));
    }
    return { total: this.things.length, rows: this.things.slice(offset, offset + 100) };
  };
}

const things = (count: number): IThing[] =>
  Array.from({ length: count }, (_, n) => ({ id: `id-${n}`, n }));

async function listOf(
  count: number
): Promise<{ server: Server; list: PagedList<IThing> }> {
  const server = new Server(things(count));
  const list = new PagedList<IThing>(server.fetch, ({ id }) => id);
  list.refresh();
  await until(() => list.total !== null);
  return { server, list };
}

describe('a long list', () => {
  it('fetches the first page, and others when they are looked at', async () => {
    const { server, list } = await listOf(10_000);
    expect([list.total, list.row(99)?.n, list.row(100)]).toEqual([
      10_000,
      99,
      undefined
    ]);
    list.show(5_090, 5_110);
    await until(() => list.row(5_100) !== undefined && list.row(5_090) !== undefined);
    expect(server.asked).toEqual([0, 5_000, 5_100]);
  });

  it('keeps few pages, however far it is scrolled', async () => {
    const { server, list } = await listOf(10_000);
    for (let at = 0; at < 10_000; at += 100) {
      list.show(at, at + 20);
      await until(() => list.row(at) !== undefined);
    }
    const kept = Array.from({ length: 100 }, (_, page) => list.row(page * 100)).filter(
      Boolean
    );
    expect(kept.length).toBeLessThanOrEqual(12);
    expect(server.asked.length).toBe(100);
  });

  it('shows a new first row at once', async () => {
    const { server, list } = await listOf(250);
    server.held = [];
    list.insertFirst({ id: 'new', n: -1 });
    expect([list.total, list.row(0)?.id, list.row(1)?.id]).toEqual([
      251,
      'new',
      'id-0'
    ]);
    list.insertFirst({ id: 'new', n: -2 }); // an answer that had it was faster
    expect([list.total, list.row(0)?.n, list.row(1)?.id]).toEqual([251, -2, 'id-0']);
  });

  it('keeps old rows until newer ones have come', async () => {
    const { server, list } = await listOf(3);
    server.held = [];
    server.things = things(2);
    list.refresh();
    expect(list.row(2)?.n).toBe(2);
    await until(() => server.held!.length === 1);
    server.held!.forEach(go => go());
    await until(() => list.total === 2);
    expect(list.row(2)).toBeUndefined();
  });

  it('asks once more, not once for each, when many changes come while an answer is on its way', async () => {
    const { server, list } = await listOf(3);
    server.held = [];
    for (let count = 0; count < 50; count++) {
      list.refresh();
    }
    await until(() => server.held!.length === 1);
    const held = server.held;
    server.held = null;
    held.forEach(go => go());
    await until(() => server.asked.length === 3);
    await new Promise(resolve => setTimeout(resolve, 50));
    expect(server.asked.length).toBe(3);
  });

  it('drops the answer to an older question', async () => {
    const { server, list } = await listOf(3);
    server.held = [];
    list.refresh();
    await until(() => server.held!.length === 1);
    const other = new Server([{ id: 'other', n: 9 }]);
    list.ask(other.fetch);
    await until(() => list.total === 1);
    server.held!.forEach(go => go());
    await new Promise(resolve => setTimeout(resolve, 20));
    expect([list.total, list.row(0)?.id]).toEqual([1, 'other']);
  });

  it('says what went wrong and recovers', async () => {
    const { server, list } = await listOf(1);
    let broken = true;
    list.ask(async offset => {
      if (broken) {
        throw new Error('down');
      }
      return server.fetch(offset);
    });
    await until(() => list.error !== null);
    expect((list.error as Error).message).toBe('down');
    broken = false;
    list.refresh();
    await until(() => list.error === null);
  });

  it('replaces a row where it stands', async () => {
    const { list } = await listOf(3);
    expect(list.replace({ id: 'id-1', n: 77 })).toBe(true);
    expect([list.row(1)?.n, list.indexOf('id-2'), list.indexOf('none')]).toEqual([
      77, 2, -1
    ]);
    expect(list.replace({ id: 'none', n: 0 })).toBe(false);
  });
});
