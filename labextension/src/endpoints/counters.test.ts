import { FakeRest } from '../testing/fakes';
import type { Stats } from '../wire';
import { Counters } from './counters';

let requests_total = 0;
const told: number[] = [];

/** Seconds between the questions of the next so many seconds. */
async function gaps(rest: FakeRest, seconds: number): Promise<number[]> {
  const found: number[] = [];
  for (let waited = 1, second = 1; second <= seconds; second++, waited++) {
    rest.asked.length = 0;
    await jest.advanceTimersByTimeAsync(1_000);
    if (rest.asked.length) {
      found.push(waited);
      waited = 0;
    }
  }
  return found;
}

function counting() {
  const rest = new FakeRest(() => ({ version: 1, requests_total }));
  const counters = new Counters(rest, 'late', (stats: Stats | null) => {
    told.push(stats?.requests_total ?? NaN);
  });
  counters.start();
  return { rest, counters };
}

beforeEach(() => {
  jest.useFakeTimers();
  told.length = requests_total = 0;
});
afterEach(() => jest.useRealTimers());

it('an endpoint that nobody asks is asked ever less often', async () => {
  const { rest, counters } = counting();
  counters.look(true);
  const found = await gaps(rest, 200);
  expect([found[3], found[15], found[found.length - 1]]).toEqual([2, 5, 15]);
  counters.dispose();
});

it('counters that move are asked for every two seconds', async () => {
  const { rest, counters } = counting();
  rest.answer = () => ({ version: 1, requests_total: requests_total++ });
  counters.look(true);
  expect(new Set((await gaps(rest, 120)).slice(2))).toEqual(new Set([2]));
  counters.dispose();
});

it('what the page itself asks is counted at once, and followed for a while', async () => {
  const { rest, counters } = counting();
  counters.look(true);
  await gaps(rest, 200);
  rest.asked.length = 0;
  requests_total = 1;
  counters.quicken();
  await jest.advanceTimersByTimeAsync(0);
  expect([rest.asked.length, told[told.length - 1]]).toEqual([1, 1]);
  expect((await gaps(rest, 10))[1]).toBe(2);
  counters.dispose();
});

it('nothing is asked while nobody looks, and at once when somebody does', async () => {
  const { rest, counters } = counting();
  expect(await gaps(rest, 60)).toEqual([]);
  counters.quicken();
  expect(await gaps(rest, 10)).toEqual([]);
  counters.look(true);
  await jest.advanceTimersByTimeAsync(0);
  expect(rest.asked.length).toBe(1);
  counters.look(false);
  expect(await gaps(rest, 60)).toEqual([]);
  counters.dispose();
});
