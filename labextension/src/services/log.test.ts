import { change, FakeKubeflow, FakeRest, refusal, row, until } from '../testing/fakes';
import { LogWindow } from './log';

const LIMITS = { lines: 50, chunk: 400, tail: 100 };

const encode = (text: string) => new TextEncoder().encode(text);

/** What a stream asks for when it begins. */
const begin = ({ options: { query } }: FakeKubeflow['opened'][number]) =>
  (query as () => object)();

/** Holds answers back until the test lets them go. */
function held(rest: FakeRest): (() => void)[] {
  const { answer } = rest;
  const going: (() => void)[] = [];
  rest.answer = (...asked) =>
    new Promise(go => {
      going.push(() => go(answer(...asked)));
    });
  return going;
}

/** A log of numbered lines on a server that answers ranges. */
function served(count: number, word: (n: number) => string = n => `line ${n} ä`) {
  const text = Array.from({ length: count }, (_, n) => `${word(n)}\n`).join('');
  const whole = encode(text);
  let size = whole.length;
  const bytesTo = (to: number) =>
    encode(text.split('\n').slice(0, to).join('\n') + '\n').length;
  const grow = (to: number, more = 0) => {
    size = bytesTo(to) + more;
    return size;
  };
  const rest = new FakeRest((_path, _query, init) => {
    const bytes = whole.slice(0, size);
    const range = (init.headers as Record<string, string>).Range;
    const [, a, b] = /bytes=(-?\d*)-?(\d*)/.exec(range)!;
    const from = range.startsWith('bytes=-')
      ? Math.max(0, bytes.length + Number(a))
      : Number(a);
    const to =
      b && !range.startsWith('bytes=-')
        ? Math.min(bytes.length, Number(b) + 1)
        : bytes.length;
    if (from >= bytes.length) {
      throw refusal(416);
    }
    const part = bytes.slice(from, to);
    return {
      arrayBuffer: async () => part.buffer,
      headers: new Headers({
        'Content-Range': `bytes ${from}-${to - 1}/${bytes.length}`
      })
    };
  });
  const kf = new FakeKubeflow(rest);
  const log = new LogWindow(kf, 'run', LIMITS);
  const send = (from: number, to: number) => {
    const piece = text.split('\n').slice(from, to).join('\n') + '\n';
    const offset = bytesTo(to);
    kf.opened[kf.opened.length - 1].options.onEvent({
      name: 'lines',
      data: { text: piece, offset, begin: offset - encode(piece).length }
    });
  };
  return { kf, log, send, grow, rest, lines: text.split('\n').slice(0, -1) };
}

/** A log of which only so many lines are there so far. */
function growing(count: number) {
  const made = served(200);
  made.grow(count);
  return made;
}

describe('a window on a log', () => {
  it('begins near the end and follows', () => {
    const { kf, log, send } = served(100);
    log.follow();
    expect(begin(kf.opened[0])).toEqual({ tail: 100 });
    send(90, 95);
    send(95, 100);
    expect([log.lines.length, log.lines[9], log.hasEarlier, log.following]).toEqual([
      10,
      'line 99 ä',
      true,
      true
    ]);
  });

  it('holds no more lines than its limit', () => {
    const { log, send } = served(300);
    log.follow();
    for (let at = 0; at < 300; at += 10) {
      send(at, at + 10);
    }
    expect([log.lines.length, log.lines[0], log.lines[49]]).toEqual([
      50,
      'line 250 ä',
      'line 299 ä'
    ]);
  });

  it('fetches earlier lines whole, up to the first', async () => {
    const { log, send } = served(60);
    log.follow();
    send(50, 60);
    const came = await log.earlier();
    expect(came).toBeGreaterThan(1);
    expect(log.lines.slice(0, came + 1)).toEqual(
      Array.from({ length: came + 1 }, (_, n) => `line ${50 - came + n} ä`)
    );
    while (log.hasEarlier) {
      await log.earlier();
    }
    expect(log.lines[0]).toBe('line 0 ä');
    expect(log.following).toBe(false); // the end was pushed out of the window
    expect(log.hasLater).toBe(true);
    await log.later();
    expect(log.lines.length).toBe(50);
  });

  it('finds a word far before the window, and moves there', async () => {
    const { log, send } = served(500, n => (n === 7 ? 'the Needle' : `hay ${n}`));
    log.follow();
    send(490, 500);
    const at = (await log.find('needle', 9, -1)) as number;
    expect(log.lines[at]).toBe('the Needle');
    const again = (await log.find('hay 499', at, 1)) as number;
    expect(log.lines[again]).toBe('hay 499');
  });

  it('says when there is no such word', async () => {
    const { log, send } = served(200);
    log.follow();
    send(190, 200);
    expect(await log.find('needle', 9, -1)).toBe('none');
    expect([log.searched, log.lines[9]]).toEqual([null, 'line 199 ä']);
  });

  it('continues where it was after a pause', () => {
    const { kf, log, send } = served(100);
    log.follow();
    send(90, 100);
    log.pause();
    expect([kf.opened[0].closed, log.following]).toEqual([true, false]);
    log.follow();
    expect(begin(kf.opened[1])).toEqual({ offset: 1090 });
    expect(log.lines.length).toBe(10);
  });

  it('shows the end by one request when all streams are taken', async () => {
    const { kf, log } = served(100);
    log.follow();
    kf.opened[0].options.onWait!();
    await until(() => log.lines.length > 0);
    expect(log.lines[log.lines.length - 1]).toBe('line 99 ä');
  });

  describe('that waits for a stream', () => {
    beforeEach(() => jest.useFakeTimers());
    afterEach(() => jest.useRealTimers());
    const later = (ms = 2_100) => jest.advanceTimersByTimeAsync(ms);

    it('follows by requests, and goes on without a line twice when it has its place', async () => {
      const { kf, log, lines, send, grow } = growing(100);
      log.follow();
      kf.opened[0].options.onWait!();
      await later(0);
      grow(104);
      await later();
      expect(log.lines[log.lines.length - 1]).toBe(lines[103]);
      const offset = grow(106);
      await later();
      expect(begin(kf.opened[0])).toEqual({ offset });
      send(104, 110); // from before the end of what is here
      expect(log.lines).toEqual(lines.slice(110 - log.lines.length, 110));
      const asked = kf.rest.asked.length;
      await later(10_000);
      expect(kf.rest.asked.length).toBe(asked);
    });

    it('shows no half line, and all of it once the run has ended; then asks no more', async () => {
      const { kf, log, lines, grow } = growing(20);
      log.follow();
      kf.opened[0].options.onWait!();
      grow(20, 4);
      await later();
      expect(log.lines[log.lines.length - 1]).toBe(lines[19]);
      kf.runs.apply(change(1, { id: 'run', row: row('run', { state: 'FAILED' }) }));
      await later();
      expect(log.lines[log.lines.length - 1]).toBe(lines[20].slice(0, 4));
      expect([log.ended, log.following, kf.opened[0].closed]).toEqual([
        true,
        false,
        true
      ]);
      const asked = kf.rest.asked.length;
      await later(10_000);
      expect(kf.rest.asked.length).toBe(asked);
    });

    it('asks no more when it is paused or disposed', async () => {
      for (const end of ['pause', 'dispose'] as const) {
        const { kf, log } = growing(20);
        log.follow();
        kf.opened[0].options.onWait!();
        await later(0);
        log[end]();
        const asked = kf.rest.asked.length;
        await later(10_000);
        expect(kf.rest.asked.length).toBe(asked);
      }
    });
  });

  it('gives its stream up when a range is refused', async () => {
    const { kf, log, rest, send } = served(100);
    log.follow();
    send(90, 100);
    rest.answer = () => {
      throw refusal(500, 'kf-9000');
    };
    expect(await log.earlier()).toBe(0);
    expect([kf.opened[0].closed, log.following, log.error?.status]).toEqual([
      true,
      false,
      500
    ]);
  });

  it('keeps its stream when the server is away for a moment, and says so until it is back', async () => {
    const { kf, log, rest, send } = served(100);
    log.follow();
    send(90, 100);
    rest.answer = () => {
      throw refusal(0, 'kf-0000');
    };
    await log.earlier();
    expect([kf.opened[0].closed, log.error?.unreachable]).toEqual([false, true]);
    kf.stale.emit();
    expect([log.error, log.following]).toEqual([null, true]);
  });

  it('drops earlier lines that came when it was elsewhere', async () => {
    const { kf, log, rest, send, lines } = served(300);
    log.follow();
    send(290, 300);
    const going = held(rest);
    const came = log.earlier();
    await until(() => going.length === 1);
    for (let at = 0; at < 300; at += 10) {
      send(at, at + 10); // old news: nothing of it is new
    }
    log.pause();
    log.lines = [];
    log.follow();
    send(280, 290);
    going[0]();
    expect(await came).toBe(0);
    expect(log.lines).toEqual(lines.slice(280, 290));
    expect(kf.opened.length).toBe(2);
  });

  it('drops earlier lines when new ones pushed out those that they precede', async () => {
    const { log, rest, send, lines } = served(300);
    log.follow();
    send(190, 240);
    const going = held(rest);
    const came = log.earlier();
    await until(() => going.length === 1);
    send(240, 250);
    going[0]();
    expect(await came).toBe(0);
    expect(log.lines).toEqual(lines.slice(200, 250));
  });

  it('drops later lines that came after it followed again', async () => {
    const { log, rest, send, lines } = served(100);
    log.follow();
    send(60, 100);
    while (!log.hasLater) {
      await log.earlier(); // until it pushes out the end
    }
    const going = held(rest);
    const came = log.later();
    await until(() => going.length === 1);
    log.follow();
    send(90, 100);
    going[0]();
    await came;
    expect(log.lines).toEqual(lines.slice(90, 100));
  });

  it('stops a search when another begins, when it follows, and when it is disposed', async () => {
    const { log, rest, send } = served(500, n => (n === 7 ? 'the Needle' : `hay ${n}`));
    log.follow();
    send(490, 500);
    const going = held(rest);
    const first = log.find('needle', 9, -1);
    const second = log.find('nothing', 9, -1);
    await until(() => going.length === 2);
    going[0]();
    expect(await first).toBe('stopped');
    log.follow();
    going[1]();
    expect(await second).toBe('stopped');
    const third = log.find('needle', 9, -1);
    await until(() => going.length === 3);
    log.dispose();
    going[2]();
    expect(await third).toBe('stopped');
    await new Promise(resolve => setTimeout(resolve, 20));
    expect(going.length).toBe(3); // it reads no further
  });

  it('does not take a failure of a search for an answer', async () => {
    const { log, rest, send } = served(500);
    log.follow();
    send(490, 500);
    rest.answer = () => {
      throw refusal(500, 'kf-9000');
    };
    expect(await log.find('needle', 9, -1)).toBe('stopped');
    expect([log.searched, log.error?.status]).toEqual([null, 500]);
  });

  it('searches beyond a line that is longer than a piece', async () => {
    const { log, send } = served(40, n =>
      n === 20 ? 'x'.repeat(1_500) : n === 3 ? 'the Needle' : `hay ${n}`
    );
    log.follow();
    send(30, 40);
    const at = (await log.find('needle', 9, -1)) as number;
    expect(log.lines[at]).toBe('the Needle');
    const after = (await log.find('hay 39', at, 1)) as number;
    expect(log.lines[after]).toBe('hay 39');
  });

  it('says why when the run is gone', () => {
    const { kf, log } = served(1);
    log.follow();
    kf.opened[0].options.onRefused!(refusal(404));
    expect([log.error?.problem.code, log.following]).toEqual(['kf-1105', false]);
  });
});
