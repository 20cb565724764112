import { ServerConnection } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';
import { change, row, until } from '../testing/fakes';
import type { Change } from '../wire';
import { SCHEMA } from './events';
import { type IServices, Kubeflow } from './manager';
import { punctual } from './wake';

/** A server that the test stops and starts, and JupyterLab's signals, which the test sends. */
class Scene {
  readonly asked: string[] = [];
  readonly bus = new Signal<object, unknown>({});
  readonly failing = new Signal<object, Error>({});
  /** Streams that were opened in place of JupyterLab's own. */
  readonly streams: { stream: Signal<object, unknown>; isDisposed: boolean }[] = [];
  where: { status: number; body: unknown } = { status: 200, body: at(3) };
  /** Answers of `where` that the test lets go, in place of `where`. */
  held: ((answer: Response) => void)[] | null = null;
  answers: (path: string) => Response | Promise<Response> = () => json(200, {});
  up = true;

  open(): { kf: Kubeflow; told: string[] } {
    const services = {
      serverSettings: ServerConnection.makeSettings({
        baseUrl: 'http://127.0.0.1:1/',
        fetch: async request => this.answer(new URL((request as Request).url).pathname)
      }),
      events: { stream: this.bus },
      connectionFailure: this.failing
    };
    const kf = new Kubeflow(services as unknown as IServices, () => {
      const stream = {
        stream: new Signal<object, unknown>({}),
        isDisposed: false,
        dispose: () => void (stream.isDisposed = true)
      };
      this.streams.push(stream);
      return stream;
    });
    const told: string[] = [];
    kf.stale.connect(() => void told.push('stale'));
    kf.changed.connect((_, { action, id, row: now }) => {
      told.push(`${id} ${action} ${now?.state ?? '-'}`);
    });
    opened.push(kf);
    return { kf, told };
  }

  emit(seq: number, more: Partial<Change> = {}): void {
    this.bus.emit({ schema_id: SCHEMA, ...change(seq, more) });
  }

  /** The tab is looked at again. */
  see(): void {
    document.dispatchEvent(new Event('visibilitychange'));
  }

  count(end: string): number {
    return this.asked.filter(path => path.endsWith(end)).length;
  }

  private answer(path: string): Response | Promise<Response> {
    this.asked.push(path);
    if (!this.up) {
      throw new TypeError('failed to fetch');
    }
    if (path.endsWith('/where') && this.held) {
      return new Promise(go => this.held!.push(go));
    }
    return path.endsWith('/where')
      ? json(this.where.status, this.where.body)
      : this.answers(path);
  }
}

const at = (seq: number, epoch = 'a') => ({ seq, epoch, backend: 'local', running: 0 });
const json = (status: number, body: unknown) =>
  new Response(JSON.stringify(body), { status });
const opened: Kubeflow[] = [];

beforeAll(() => {
  const visible = { value: 'visible', configurable: true };
  Object.defineProperty(document, 'visibilityState', visible);
});
afterEach(() => {
  opened.splice(0).forEach(kf => kf.dispose());
  jest.useRealTimers();
});

describe('the data behind the panels', () => {
  it('says where jobs go once the server answered, and then asks nothing', async () => {
    const scene = new Scene();
    const { kf, told } = scene.open();
    expect(kf.where).toBeNull();
    await kf.ready;
    expect([kf.where!.backend, kf.trouble, told]).toEqual(['local', null, []]);
    expect(scene.asked.length).toBe(1);
  });

  it('keeps rows by events, tells them, and counts only what moved on', async () => {
    const scene = new Scene();
    const { kf, told } = scene.open();
    await kf.ready;
    scene.emit(4, { id: 'a', action: 'created', row: row('a') });
    expect(kf.runs.get('a')!.state).toBe('RUNNING');
    await until(() => scene.count('/where') === 2);
    for (let seq = 5; seq < 30; seq++) {
      scene.emit(seq, { id: 'a', row: row('a', { progress: seq / 30 }) });
    }
    scene.where.body = at(30);
    scene.emit(30, { id: 'a', action: 'ended', row: row('a', { state: 'FAILED' }) });
    await until(() => scene.count('/where') === 3);
    expect([told.length, told[26], told[0]]).toEqual([
      27,
      'a ended FAILED',
      'a created RUNNING'
    ]);
  });

  it('asks for the row of a change that came without', async () => {
    const scene = new Scene();
    const { kf, told } = scene.open();
    await kf.ready;
    scene.answers = () =>
      json(200, { ...at(4), run: { ...row('a', { state: 'SUCCEEDED' }) } });
    scene.emit(4, { id: 'a', action: 'ended' });
    await until(() => told.length === 1);
    expect([told, kf.runs.get('a')!.state]).toEqual([
      ['a ended SUCCEEDED'],
      'SUCCEEDED'
    ]);
  });

  it('says that the server can not be reached, and finds it again by itself', async () => {
    const scene = new Scene();
    scene.up = false;
    const { kf, told } = scene.open();
    await kf.ready;
    expect(kf.trouble).toContain('does not answer');
    expect(kf.denied).toBe(false);
    scene.up = true;
    await until(() => kf.trouble === null);
    await until(() => told.length === 1);
    expect([kf.where!.seq, told]).toEqual([3, ['stale']]);
  });

  it('looks for the server when any request was lost, and has it fetched again', async () => {
    const scene = new Scene();
    const { kf, told } = scene.open();
    await kf.ready;
    scene.up = false;
    await expect(kf.rest.get('models/a')).rejects.toThrow('does not answer');
    await until(() => kf.trouble !== null);
    expect(told).toEqual([]);
    scene.up = true; // nothing happened meanwhile: the number is the same
    await until(() => told.length > 0);
    expect([told, kf.trouble]).toEqual([['stale'], null]);
    const asked = scene.asked.length;
    await new Promise(resolve => setTimeout(resolve, 100));
    expect(scene.asked.length).toBe(asked);
  });

  it('does so ever later when the server answers and requests are lost all the same', async () => {
    const scene = new Scene();
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });
    scene.answers = () => {
      throw new TypeError('failed to fetch');
    };
    const { kf } = scene.open();
    await kf.ready;
    let lost = 0;
    const fetch = () => {
      lost += 1;
      kf.rest.get('models/large').catch(() => undefined);
    };
    kf.stale.connect(fetch); // as a page does
    fetch();
    await jest.advanceTimersByTimeAsync(60_000);
    expect(lost).toBeGreaterThan(3);
    expect(lost).toBeLessThan(10);
    const soon = lost;
    await jest.advanceTimersByTimeAsync(60_000);
    expect(lost - soon).toBeLessThan(4);
  });

  it('says why when it may not ask, and asks no more', async () => {
    const scene = new Scene();
    const problem = { code: 'kf-2060', message: 'you may not', cause: '', fix: 'ask.' };
    scene.where = { status: 403, body: problem };
    const { kf } = scene.open();
    await kf.ready;
    expect([kf.trouble, kf.denied]).toEqual(['you may not; ask', true]);
    await new Promise(resolve => setTimeout(resolve, 50));
    expect(scene.asked.length).toBe(1);
    scene.where = { status: 200, body: at(3) };
    scene.see();
    await until(() => kf.where !== null);
    expect([kf.trouble, kf.denied]).toEqual([null, false]);
  });

  it('compares numbers when the tab is seen again, and when JupyterLab lost the server', async () => {
    const scene = new Scene();
    const { kf, told } = scene.open();
    await kf.ready;
    scene.where.body = at(7);
    scene.see();
    await until(() => told.length === 1);
    scene.where.body = at(1, 'b');
    scene.failing.emit(new Error('gone'));
    await until(() => told.length === 2);
    expect(told).toEqual(['stale', 'stale']);
  });

  it('keeps the newer of two answers to where it is, whichever comes first', async () => {
    const scene = new Scene();
    scene.held = [];
    const { kf } = scene.open();
    scene.see(); // while the first answer is on its way
    await until(() => scene.held!.length === 2);
    const says = async (turn: number, body: object, comes?: () => boolean) => {
      scene.held![turn](json(200, { ...at(0), ...body }));
      await (comes ? until(comes) : new Promise(resolve => setTimeout(resolve, 20)));
      return [kf.where!.epoch, kf.where!.running];
    };
    const first = await says(1, { seq: 12, running: 0 }, () => kf.where !== null);
    expect(first).toEqual(['a', 0]);
    expect(await says(0, { seq: 10, running: 1 })).toEqual(['a', 0]);
    scene.see();
    scene.see();
    await until(() => scene.held!.length === 4);
    const another = () => kf.where!.epoch === 'b';
    const other = await says(3, { seq: 1, epoch: 'b', running: 2 }, another);
    expect(other).toEqual(['b', 2]);
    expect(await says(2, { seq: 13, running: 3 })).toEqual(['b', 2]);
  });

  it('has all fetched again when a run ended before the stream began, also by the first word of it', async () => {
    const scene = new Scene();
    scene.held = [];
    const { kf, told } = scene.open();
    scene.answers = () => json(200, { ...at(4), run: row('a') });
    await kf.runs.paper('a');
    scene.emit(5, { thing: 'resources', id: '', action: 'hello' }); // 5 was: a ended
    scene.held[0](json(200, at(4)));
    await kf.ready;
    expect(told).toEqual(['stale']);
  });

  it('looks, and listens anew, once when the network is back, the page is, or a timer slipped', async () => {
    const shown = (persisted: boolean) =>
      Object.assign(new Event('pageshow'), { persisted });
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });
    const tick = punctual(10_000);
    const signs = [
      () => window.dispatchEvent(new Event('online')),
      () => window.dispatchEvent(shown(true)),
      () => document.dispatchEvent(new Event('resume')),
      () => {
        jest.setSystemTime(Date.now() + 3_600_000);
        tick();
      }
    ];
    const scene = new Scene();
    const { kf, told } = scene.open();
    await kf.ready;
    scene.emit(3, { thing: 'resources', id: '', action: 'hello' });
    window.dispatchEvent(shown(false)); // the first time
    tick();
    await jest.advanceTimersByTimeAsync(60_000);
    expect([scene.asked.length, scene.streams.length]).toEqual([1, 0]);
    for (const [index, sign] of signs.entries()) {
      scene.where.body = at(4 + index); // something was told while it slept
      sign();
      sign();
      await jest.advanceTimersByTimeAsync(10_000);
      expect(told.length).toBe(index + 1);
      expect(scene.streams.filter(one => !one.isDisposed).length).toBe(1);
    }
    const live = scene.streams[scene.streams.length - 1].stream;
    live.emit({ schema_id: SCHEMA, ...change(8, { id: 'a', row: row('a') }) });
    scene.emit(9, { id: 'a', row: row('a') }); // of the stream before
    expect(told.slice(-2)).toEqual(['stale', 'a changed RUNNING']);
    kf.dispose();
    expect(scene.streams.every(one => one.isDisposed)).toBe(true);
  });

  it('listens anew where answers know of changes that the stream never tells', async () => {
    const scene = new Scene();
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });
    const { kf } = scene.open();
    await kf.ready;
    scene.emit(3, { thing: 'resources', id: '', action: 'hello' });
    scene.where.body = at(4);
    scene.see();
    await jest.advanceTimersByTimeAsync(1_000);
    scene.emit(4); // it was on its way
    await jest.advanceTimersByTimeAsync(60_000);
    expect(scene.streams.length).toBe(0);
    scene.where.body = at(5);
    scene.see();
    await jest.advanceTimersByTimeAsync(60_000);
    expect(scene.streams.length).toBe(1);
  });

  it('is not set going by its own answers, of which each is ahead where much goes on', async () => {
    const scene = new Scene();
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });
    let seq = 3;
    Object.defineProperty(scene.where, 'body', { get: () => at((seq += 1)) });
    const { kf, told } = scene.open();
    await kf.ready;
    scene.emit(3, { thing: 'resources', id: '', action: 'hello' });
    scene.see();
    await jest.advanceTimersByTimeAsync(60_000);
    expect([told, scene.count('/where')]).toEqual([['stale'], 2]);
    const stream = scene.streams[0].stream; // opened since, for the other was silent
    stream.emit({ schema_id: SCHEMA, ...change(9) }); // others were missed: how many run?
    await jest.advanceTimersByTimeAsync(60_000);
    expect(scene.count('/where')).toBe(3);
  });

  it('asks a server that does not answer at least every quarter of a minute', async () => {
    const scene = new Scene();
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });
    const longest = jest.spyOn(Math, 'random').mockReturnValue(0.999);
    scene.up = false;
    scene.open();
    await jest.advanceTimersByTimeAsync(120_000);
    const asked = scene.asked.length;
    await jest.advanceTimersByTimeAsync(60_000);
    longest.mockRestore();
    expect(scene.asked.length - asked).toBe(4);
  });

  it('gives up a row that never comes, and looks for the server', async () => {
    const scene = new Scene();
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });
    const { kf, told } = scene.open();
    await kf.ready;
    scene.answers = () => new Promise(() => undefined);
    scene.emit(4, { id: 'a', action: 'ended' });
    await jest.advanceTimersByTimeAsync(60_000);
    expect(told).toEqual(['a ended -', 'stale']);
  });

  it('leaves nothing behind when it is disposed', async () => {
    const scene = new Scene();
    const { kf, told } = scene.open();
    await kf.ready;
    scene.emit(4, { id: 'a', action: 'created', row: row('a') });
    scene.emit(5, { id: 'a', action: 'ended', row: row('a', { state: 'FAILED' }) });
    kf.dispose(); // a count is due
    await new Promise(resolve => setTimeout(resolve, 20));
    const asked = scene.asked.length;
    scene.failing.emit(new Error('gone'));
    scene.see();
    scene.emit(6, { id: 'a', action: 'deleted' });
    await new Promise(resolve => setTimeout(resolve, 400));
    expect([kf.isDisposed, scene.asked.length]).toEqual([true, asked]);
    expect(told.length).toBe(2);
  });
});
