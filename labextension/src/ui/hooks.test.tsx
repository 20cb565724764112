import * as React from 'react';
import { change, refusal, row, study, trial } from '../testing/fakes';
import { Around, draw } from '../testing/screen';
import { useFetched, useRunRow } from './hooks';
import { useStudy } from './studyplots';

jest.mock('./context', () => jest.requireActual('../testing/screen'));

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const pass = (ms: number) => React.act(() => jest.advanceTimersByTimeAsync(ms));

function Shown({ pace_ms }: { pace_ms?: number }): React.ReactElement {
  const { data, error } = useFetched(
    'key',
    signal => asked.kf.rest.get<number>('thing', {}, signal),
    () => true,
    pace_ms === undefined ? undefined : () => pace_ms
  );
  return (
    <b>
      {[data, error?.problem.code]
        .filter(one => one !== null && one !== undefined)
        .join(' ')}
    </b>
  );
}

let asked = new Around();

async function shown(answer: () => unknown, pace_ms?: number) {
  asked = new Around(answer);
  return draw(<Shown pace_ms={pace_ms} />, asked);
}

it('what is fetched follows a burst of changes at its pace, and the last of them', async () => {
  let now = 0;
  const screen = await shown(() => now, 500);
  const { kf } = asked;
  for (now = 1; now <= 99; now++) {
    kf.changed.emit(change(now));
    await pass(10);
  }
  expect(kf.rest.asked.length).toBeLessThanOrEqual(3);
  now = 99;
  await pass(1_000);
  expect(screen.text()).toBe('99');
  const rested = kf.rest.asked.length;
  await pass(60_000);
  expect(kf.rest.asked.length).toBe(rested);
  screen.close();
});

it('what was missed is fetched though an answer hangs, which is not shown when it comes late', async () => {
  const held: ((answer: unknown) => void)[] = [];
  const screen = await shown(() => new Promise(go => held.push(go)));
  asked.kf.changed.emit(change(1));
  await pass(1_000);
  expect(held.length).toBe(1); // one at a time
  // A browser rejects what is aborted; the fake does so once it is answered.
  asked.kf.stale.emit();
  held[0]('old');
  await pass(1_000);
  held[1]('new');
  await pass(1_000);
  expect([screen.text(), held.length]).toEqual(['new', 2]);
  screen.close();
});

it('what failed on the server is asked again, what was refused is not', async () => {
  for (const [status, wanted] of [
    [500, '7'],
    [403, 'kf-1105']
  ] as const) {
    const failures = [refusal(status)];
    const screen = await shown(() => {
      const failure = failures.pop();
      if (failure) {
        throw failure;
      }
      return 7;
    });
    expect(screen.text()).toBe('kf-1105');
    await pass(60_000);
    expect(screen.text()).toBe(wanted);
    screen.close();
  }
});

it('what is shown stays when the server fails or refuses, and goes when the thing is gone', async () => {
  for (const [status, wanted] of [
    [500, '7 kf-1105'],
    [403, '7 kf-1105'],
    [404, 'kf-1105']
  ] as const) {
    let here = true;
    const screen = await shown(() => {
      if (!here) {
        throw refusal(status);
      }
      return 7;
    });
    expect(screen.text()).toBe('7');
    here = false;
    asked.kf.changed.emit(change(1));
    await pass(500);
    expect(screen.text()).toBe(wanted);
    screen.close();
  }
});

it('a study is fetched the more rarely the more trials come with it', async () => {
  function Search(): React.ReactElement {
    return <b>{useStudy('high-1').data?.study.trials.length}</b>;
  }
  const often: number[] = [];
  for (const trials of [10, 10_000]) {
    const told = study(Array.from({ length: trials }, (_, n) => trial(n)));
    const paper = { study: { ...told, run: { ...told.run, id: 'high-1' } } };
    const around = new Around(() => paper);
    const screen = await draw(<Search />, around);
    for (let seq = 1; seq <= 100; seq++) {
      const about = { thing: 'study', id: 'high-1' } as const;
      around.kf.changed.emit(change(seq, about)); // ten trials a second, for ten seconds
      await pass(100);
    }
    often.push(around.kf.rest.asked.length);
    screen.close();
  }
  expect(often[0]).toBeGreaterThan(10);
  expect(often[0]).toBeLessThan(25);
  expect(often[1]).toBeLessThan(6);
});

it('a row that came between the drawing and its effect is shown', async () => {
  const around = new Around();
  const tell = (state: 'RUNNING' | 'SUCCEEDED') =>
    around.kf.tell(change(1, { id: 'a', row: row('a', { state }) }));
  function Row(): React.ReactElement {
    const known = useRunRow('a');
    React.useLayoutEffect(() => tell('SUCCEEDED'), []);
    return <b>{known?.state}</b>;
  }
  tell('RUNNING');
  const screen = await draw(<Row />, around);
  expect(screen.text()).toBe('SUCCEEDED');
  screen.close();
});
