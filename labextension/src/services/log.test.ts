import { FakeKubeflow, FakeRest, refusal, until } from '../testing/fakes';
import { LogWindow } from './log';

const LIMITS = { lines: 50, chunk: 400, tail: 100 };

/** A log of numbered lines on a server that answers ranges. */
function served(count: number, word: (n: number) => string = n => `line ${n} ä`) {
  const text = Array.from({ length: count }, (_, n) => `${word(n)}\n`).join('');
  const bytes = new TextEncoder().encode(text);
  const rest = new FakeRest((_path, _query, init) => {
    const range = (init.headers as Record<string, string>).Range;
    const [, a, b] = /bytes=(-?\d*)-?(\d*)/.exec(range)!;
    const from = range.startsWith('bytes=-')
      ? Math.max(0, bytes.length + Number(a))
      : Number(a);
    const to = b && !range.startsWith('bytes=-') ? Number(b) + 1 : bytes.length;
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
    const offset = new TextEncoder().encode(
      text.split('\n').slice(0, to).join('\n') + '\n'
    ).length;
    kf.opened[kf.opened.length - 1].options.onEvent({
      name: 'lines',
      data: { text: piece, offset }
    });
  };
  return { kf, log, send };
}

describe('a window on a log', () => {
  it('begins near the end and follows', () => {
    const { kf, log, send } = served(100);
    log.follow();
    expect(kf.opened[0].options.query).toEqual({ tail: 100 });
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
    const at = await log.find('needle', 9, -1);
    expect(log.lines[at!]).toBe('the Needle');
    const again = await log.find('hay 499', at!, 1);
    expect(log.lines[again!]).toBe('hay 499');
  });

  it('says when there is no such word', async () => {
    const { log, send } = served(200);
    log.follow();
    send(190, 200);
    expect(await log.find('needle', 9, -1)).toBeNull();
    expect([log.searched, log.lines[9]]).toEqual([null, 'line 199 ä']);
  });

  it('continues where it was after a pause', () => {
    const { kf, log, send } = served(100);
    log.follow();
    send(90, 100);
    log.pause();
    expect([kf.opened[0].closed, log.following]).toEqual([true, false]);
    log.follow();
    expect(Object.keys(kf.opened[1].options.query!)).toEqual(['offset']);
    expect(log.lines.length).toBe(10);
  });

  it('shows the end by one request when all streams are taken', async () => {
    const { kf, log } = served(100);
    log.follow();
    kf.opened[0].options.onWait!();
    await until(() => log.lines.length > 0);
    expect(log.lines[log.lines.length - 1]).toBe('line 99 ä');
  });

  it('says why when the run is gone', () => {
    const { kf, log } = served(1);
    log.follow();
    kf.opened[0].options.onRefused!(refusal(404));
    expect([log.error?.problem.code, log.following]).toEqual(['kf-1105', false]);
  });
});
