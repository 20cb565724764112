import { FakeRest, refusal, until } from '../testing/fakes';
import { type IStreamEvent, Streams } from './streams';

/** An answer whose text the test sends piece by piece. */
function source(): {
  response: Response;
  send: (text: string) => void;
  close: () => void;
} {
  let control: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({
    start: controller => {
      control = controller;
    }
  });
  return {
    response: { body } as Response,
    send: text => control.enqueue(new TextEncoder().encode(text)),
    close: () => control.close()
  };
}

const lines = (id: number, text: string) =>
  `id: ${id}\nevent: lines\ndata: ${JSON.stringify({ text, offset: id })}\n\n`;

describe('streams', () => {
  it('give whole events however they are cut', async () => {
    const one = source();
    const got: IStreamEvent[] = [];
    new Streams(new FakeRest(() => one.response)).open('log', {
      onEvent: e => got.push(e)
    });
    const text = `: hello\n\n${lines(3, 'ä\n')}`;
    [...text].forEach(letter => one.send(letter));
    await until(() => got.length === 1);
    expect(got).toEqual([{ name: 'lines', data: { text: 'ä\n', offset: 3 } }]);
  });

  it('resume after a break from the last id', async () => {
    const parts = [source(), source()];
    const rest = new FakeRest(() => parts.shift()!.response);
    const [first, second] = parts;
    const got: IStreamEvent[] = [];
    new Streams(rest).open('log', { query: { tail: 9 }, onEvent: e => got.push(e) });
    await until(() => rest.asked.length === 1);
    first.send(lines(42, 'a\n'));
    await until(() => got.length === 1);
    first.close();
    await until(() => rest.asked.length === 2);
    expect(rest.asked[1]).toContain('"Last-Event-ID":"42"');
    second.send('event: end\ndata: {"state":"SUCCEEDED"}\n\n');
    await until(() => got.length === 2);
    expect(got[1]).toEqual({ name: 'end', data: { state: 'SUCCEEDED' } });
  });

  it('are three at a time; a fourth waits, is told so, and follows', async () => {
    const rest = new FakeRest(() => source().response);
    const streams = new Streams(rest);
    const open = ['a', 'b', 'c'].map(name =>
      streams.open(name, { onEvent: () => undefined })
    );
    let waits = 0;
    streams.open('d', { onEvent: () => undefined, onWait: () => (waits += 1) });
    await until(() => rest.asked.length === 3);
    expect(waits).toBe(1);
    open[1].dispose();
    await until(() => rest.asked.length === 4);
    expect(rest.asked[3]).toContain('RAW d');
  });

  it('end for good when the server refuses, and free their place', async () => {
    const rest = new FakeRest(path => {
      if (path === 'gone') {
        throw refusal(404);
      }
      return source().response;
    });
    const streams = new Streams(rest);
    const refused: number[] = [];
    for (let count = 0; count < 4; count++) {
      streams.open('gone', {
        onEvent: () => undefined,
        onRefused: error => refused.push(error.status)
      });
    }
    await until(() => refused.length === 4);
    streams.open('fine', { onEvent: () => undefined });
    await until(() => rest.asked.some(asked => asked.startsWith('RAW fine')));
  });

  it('ask for what is wanted when they begin, which may be later', async () => {
    const asked: unknown[] = [];
    const rest = new FakeRest((path, query) => {
      asked.push([path, query.offset]);
      return source().response;
    });
    const streams = new Streams(rest);
    let offset = 1;
    const [first] = ['a', 'b', 'c', 'd'].map(path =>
      streams.open(path, { query: () => ({ offset }), onEvent: () => undefined })
    );
    await until(() => asked.length === 3);
    offset = 9;
    first.dispose();
    await until(() => asked.length === 4);
    expect([asked[0], asked[3]]).toEqual([
      ['a', 1],
      ['d', 9]
    ]);
  });

  it('that the server ends are not broken off, and free their place at once', async () => {
    const signals: AbortSignal[] = [];
    const parts = [source(), source(), source(), source()];
    const [first] = parts;
    const rest = new FakeRest((_path, _query, init) => {
      signals.push(init.signal as AbortSignal);
      return parts.shift()!.response;
    });
    const streams = new Streams(rest);
    const got: string[] = [];
    for (const path of ['a', 'b', 'c', 'd']) {
      streams.open(path, { onEvent: ({ name }) => got.push(name) });
    }
    await until(() => rest.asked.length === 3);
    first.send('event: end\ndata: {"state":"SUCCEEDED"}\n\n');
    await until(() => rest.asked.length === 4);
    first.close();
    expect([got, signals[0].aborted]).toEqual([['end'], false]);
  });

  it('hold no connection while the tab is hidden', async () => {
    const signals: AbortSignal[] = [];
    const rest = new FakeRest((_path, _query, init) => {
      signals.push(init.signal as AbortSignal);
      return source().response;
    });
    new Streams(rest).open('log', { onEvent: () => undefined });
    await until(() => signals.length === 1);
    const visibility = jest.spyOn(document, 'visibilityState', 'get');
    visibility.mockReturnValue('hidden');
    document.dispatchEvent(new Event('visibilitychange'));
    expect(signals[0].aborted).toBe(true);
    visibility.mockReturnValue('visible');
    document.dispatchEvent(new Event('visibilitychange'));
    await until(() => signals.length === 2);
    visibility.mockRestore();
  });
});
