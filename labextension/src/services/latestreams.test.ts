import { FakeRest, until } from '../testing/fakes';
import { LateStreams } from './latestreams';

const never = () => new FakeRest(() => new Promise<Response>(() => undefined));

describe('streams that are loaded with the first', () => {
  it('share their places', async () => {
    const streams = new LateStreams(never());
    let waiting = 0;
    for (let n = 0; n < 4; n++) {
      streams.open('log', { onEvent: () => undefined, onWait: () => waiting++ });
    }
    await until(() => waiting === 1);
  });

  it('ask nothing once they were closed, also before their code came', async () => {
    const rest = never();
    const streams = new LateStreams(rest);
    const first = streams.open('log', { onEvent: () => undefined });
    first.dispose();
    expect(first.isDisposed).toBe(true);
    streams.open('other', { onEvent: () => undefined });
    await until(() => rest.asked.length === 1);
    expect(rest.asked[0]).toMatch(/RAW other/);
  });

  it('say that nothing comes when their code does not', async () => {
    let fail = true;
    const rest = never();
    const streams = new LateStreams(rest, () =>
      fail ? Promise.reject(new Error('no such file')) : import('./streams')
    );
    let waits = 0;
    const open = () =>
      streams.open('log', { onEvent: () => undefined, onWait: () => waits++ });
    open();
    await until(() => waits === 1);
    fail = false;
    open();
    await until(() => rest.asked.length === 1);
  });
});
