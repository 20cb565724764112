import { Paced } from './paced';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const settle = () => jest.advanceTimersByTimeAsync(0);

describe('work that follows changes', () => {
  it('is done at once, then no oftener than said, and last after the last change', async () => {
    let [state, shown, count] = [0, -1, 0];
    const paced = new Paced(() => {
      [shown, count] = [state, count + 1];
    }, 300);
    for (state = 0; state < 90; state++) {
      paced.ask(); // a change every 10 ms
      await jest.advanceTimersByTimeAsync(10);
    }
    expect(count).toBeLessThanOrEqual(4);
    expect(count).toBeGreaterThanOrEqual(3);
    await jest.advanceTimersByTimeAsync(300);
    expect(shown).toBe(89);
    const rested = count;
    await jest.advanceTimersByTimeAsync(3_000);
    expect(count).toBe(rested);
  });

  it('is done once more for changes that came while it was busy', async () => {
    const done: (() => void)[] = [];
    const paced = new Paced(() => new Promise<void>(go => done.push(go)), 10);
    paced.ask();
    await settle();
    paced.ask();
    paced.ask();
    await jest.advanceTimersByTimeAsync(100);
    expect(done.length).toBe(1);
    done[0]();
    await settle();
    expect(done.length).toBe(2);
    done[1]();
    await jest.advanceTimersByTimeAsync(100);
    expect(done.length).toBe(2);
  });

  it('goes on after a failure', async () => {
    let count = 0;
    const paced = new Paced(() => {
      count += 1;
      throw new Error('down');
    }, 10);
    paced.ask();
    await settle();
    paced.ask();
    await jest.advanceTimersByTimeAsync(20);
    expect(count).toBe(2);
  });

  it('is not done once disposed', async () => {
    let count = 0;
    const paced = new Paced(() => void (count += 1), 10);
    paced.ask();
    await settle();
    paced.ask();
    paced.dispose();
    await jest.advanceTimersByTimeAsync(100);
    paced.ask();
    expect([count, paced.isDisposed]).toEqual([1, true]);
    const never = new Paced(() => void (count += 1), 10);
    never.ask();
    never.dispose();
    await jest.advanceTimersByTimeAsync(100);
    expect(count).toBe(1);
  });

  it('is done once for what is asked in one turn', async () => {
    let count = 0;
    const paced = new Paced(() => void (count += 1), 10);
    paced.ask();
    paced.ask();
    await jest.advanceTimersByTimeAsync(100);
    expect(count).toBe(1);
  });

  it('takes its pace from what was done last', async () => {
    let count = 0;
    const paced = new Paced(
      () => void (count += 1),
      () => count * 100
    );
    for (let at = 0; at < 90; at++) {
      paced.ask();
      await jest.advanceTimersByTimeAsync(10); // after 0, 100, 300, 600 ms
    }
    expect(count).toBe(4);
    paced.dispose();
  });

  it('is done again some times, ever later, after a failure that may pass', async () => {
    let [count, down] = [0, true];
    const paced = new Paced(
      () => {
        count += 1;
        if (down) {
          throw new Error('down');
        }
      },
      10,
      failure => (failure as Error).message === 'down'
    );
    paced.ask();
    await jest.advanceTimersByTimeAsync(3_600_000);
    expect(count).toBe(5);
    paced.ask(); // a change
    await jest.advanceTimersByTimeAsync(3_600_000);
    expect(count).toBe(6);
    down = false;
    paced.ask();
    await jest.advanceTimersByTimeAsync(3_600_000);
    [count, down] = [0, true];
    paced.ask();
    await jest.advanceTimersByTimeAsync(100);
    down = false;
    await jest.advanceTimersByTimeAsync(3_600_000);
    expect(count).toBe(2);
    paced.dispose();
  });
});
