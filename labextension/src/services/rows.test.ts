import { change, refusal, row, until } from '../testing/fakes';
import type { Change, RunRow } from '../wire';
import { PATIENCE_MS, Rows } from './rows';

function rows() {
  const answers: { id: string; go: (row: RunRow) => void; no: (why: Error) => void }[] =
    [];
  const told: string[] = [];
  const lost: string[] = [];
  const runs = {
    row: (id: string) =>
      new Promise<RunRow>((go, no) => {
        answers.push({ id, go, no });
      })
  };
  const tell = ({ action, id, row: now }: Change) => {
    told.push(`${id} ${action} ${now?.state ?? '-'}`);
  };
  const made = new Rows(runs, tell, () => void lost.push('lost'));
  return { answers, told, lost, rows: made };
}

afterEach(() => jest.useRealTimers());

describe('changes without their rows', () => {
  it('are told at once when they have one, or need none', () => {
    const { answers, told, rows: made } = rows();
    made.take(change(1, { id: 'a', row: row('a') }));
    made.take(change(2, { id: 'a', action: 'deleted' }));
    made.take(change(3, { id: 'm', thing: 'model' }));
    expect(told).toEqual(['a changed RUNNING', 'a deleted -', 'm changed -']);
    expect(answers).toEqual([]);
  });

  it('are told with it, in their order, and many of one run ask once', async () => {
    const { answers, told, rows: made } = rows();
    made.take(change(1, { id: 'a', action: 'created' }));
    made.take(change(2, { id: 'a' }));
    made.take(change(3, { id: 'a' }));
    made.take(change(4, { id: 'a', action: 'ended' }));
    made.take(change(5, { id: 'b', row: row('b') })); // another is not kept waiting
    answers[0].go(row('a'));
    await until(() => answers.length === 2);
    answers[1].go(row('a'));
    await until(() => answers.length === 3);
    answers[2].go(row('a', { state: 'SUCCEEDED' }));
    await until(() => told.length === 4);
    expect(told).toEqual([
      'b changed RUNNING',
      'a created RUNNING',
      'a changed RUNNING',
      'a ended SUCCEEDED'
    ]);
  });

  it('are told without it where it can not be had, and a refusal is not asked for again', async () => {
    const { answers, told, rows: made } = rows();
    made.take(change(1, { id: 'a' }));
    answers[0].no(refusal(404));
    await until(() => told.length === 1);
    made.take(change(2, { id: 'a' }));
    answers[1].no(refusal(403, 'kf-2060'));
    await until(() => told.length === 2);
    made.take(change(3, { id: 'a' }));
    expect(told).toEqual(['a changed -', 'a changed -', 'a changed -']);
    made.again();
    made.take(change(4, { id: 'a' }));
    expect(answers.length).toBe(3);
  });

  it('are told with the row of a newer one, which is not kept waiting', async () => {
    const { answers, told, rows: made } = rows();
    made.take(change(1, { id: 'a', action: 'created' })); // its answer hangs
    made.take(change(2, { id: 'a' }));
    made.take(
      change(3, { id: 'a', action: 'ended', row: row('a', { state: 'FAILED' }) })
    );
    await until(() => answers.length === 2);
    answers[1].go(row('a', { state: 'FAILED' }));
    await until(() => told.length === 3);
    answers[0].go(row('a'));
    expect(told).toEqual(['a created FAILED', 'a changed FAILED', 'a ended FAILED']);
    made.take(change(4, { id: 'b' }));
    made.take(change(5, { id: 'b', action: 'deleted' }));
    await until(() => told.length === 5);
    expect(told.slice(3)).toEqual(['b changed -', 'b deleted -']);
  });

  it('are told without it when no answer comes for some seconds, and this is said', async () => {
    jest.useFakeTimers();
    const { answers, told, lost, rows: made } = rows();
    made.take(change(1, { id: 'a', action: 'ended' }));
    await jest.advanceTimersByTimeAsync(PATIENCE_MS);
    expect([told, lost]).toEqual([['a ended -'], ['lost']]);
    made.take(change(2, { id: 'a' }));
    answers[1].go(row('a'));
    await jest.advanceTimersByTimeAsync(PATIENCE_MS);
    expect([told[1], lost.length]).toEqual(['a changed RUNNING', 1]);
  });
});
