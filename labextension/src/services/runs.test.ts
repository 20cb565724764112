import { change, FakeRest, row } from '../testing/fakes';
import type { RunRow } from '../wire';
import { Runs } from './runs';

/** Rows behind a server whose answers the test lets go. */
function held() {
  const answers: ((answer: unknown) => void)[] = [];
  const rest = new FakeRest(() => new Promise(go => answers.push(go)));
  const runs = new Runs(rest);
  const told: string[] = [];
  runs.changed.connect((_, { id, row: now }) => {
    told.push(`${id} ${now?.state ?? 'gone'}`);
  });
  return { runs, answers, told, rest };
}

const page = (seq: number, rows: RunRow[], epoch = 'a') => ({
  seq,
  epoch,
  total: rows.length,
  counts: {},
  rows
});
const paper = (seq: number, run: RunRow) => ({
  seq,
  epoch: 'a',
  run: { ...run, error: null }
});
const ended = row('a', { state: 'SUCCEEDED' });

describe('rows of runs', () => {
  it('are told once when they changed, and not when they are the same', () => {
    const { runs, told } = held();
    runs.apply(change(1, { id: 'a', row: row('a') }));
    runs.apply(change(2, { id: 'a', row: row('a') }));
    runs.apply(change(3, { id: 'a', action: 'ended', row: ended }));
    expect(told).toEqual(['a RUNNING', 'a SUCCEEDED']);
    expect(runs.get('a')).toBe(ended);
  });

  it('do not go back to what an older answer says after the end was told', async () => {
    const { runs, answers, told } = held();
    const [listed, shown] = [runs.page({}, 0), runs.paper('a')];
    runs.apply(change(5, { id: 'a', action: 'ended', row: ended }));
    answers[0](page(4, [row('a'), row('b')]));
    answers[1](paper(4, row('a')));
    expect((await listed).rows.map(({ state }) => state)).toEqual([
      'SUCCEEDED',
      'RUNNING'
    ]);
    await shown;
    expect(runs.get('a')!.state).toBe('SUCCEEDED');
    expect(told).toEqual(['a SUCCEEDED', 'b RUNNING']);
  });

  it('do not come back by an older answer after the run was deleted', async () => {
    const { runs, answers } = held();
    runs.apply(change(1, { id: 'a', row: row('a') }));
    const listed = runs.page({}, 0);
    runs.apply(change(5, { id: 'a', action: 'deleted' }));
    answers[0](page(4, [row('a')]));
    expect((await listed).rows).toEqual([]);
    expect(runs.get('a')).toBeUndefined();
  });

  it('do not come back by an older answer after it was deleted from here', async () => {
    const { runs, answers, told } = held();
    const listed = runs.page({}, 0);
    const removed = runs.remove('a');
    answers[1]({ seq: 4, epoch: 'a', id: 'a' });
    await removed;
    answers[0](page(4, [row('a')]));
    await listed;
    expect([runs.get('a'), told]).toEqual([undefined, ['a gone']]);
  });

  it('take the later of two answers, whichever comes first', async () => {
    const { runs, answers } = held();
    const [first, second] = [runs.page({}, 0), runs.page({}, 0)];
    answers[1](page(7, [ended]));
    await second;
    answers[0](page(5, [row('a')]));
    await first;
    expect(runs.get('a')).toEqual(ended);
  });

  it('take an answer that is as new as the last event, and one of a server started again', async () => {
    const { runs, answers } = held();
    runs.apply(change(5, { id: 'a', row: row('a', { progress: 0.1 }) }));
    const same = runs.page({}, 0);
    answers[0](page(5, [row('a', { progress: 0.2 })]));
    await same;
    expect(runs.get('a')!.progress).toBe(0.2);
    const restarted = runs.page({}, 0);
    answers[1](page(1, [ended], 'b'));
    await restarted;
    expect(runs.get('a')).toEqual(ended);
  });

  it('are kept of some thousand runs, the last told', () => {
    const { runs } = held();
    for (let seq = 1; seq <= 2_100; seq++) {
      runs.apply(change(seq, { id: `r${seq}`, row: row(`r${seq}`) }));
    }
    expect([runs.get('r1'), runs.get('r100'), runs.get('r101')?.id]).toEqual([
      undefined,
      undefined,
      'r101'
    ]);
  });

  it('ignore changes of other things', () => {
    const { runs, told } = held();
    runs.apply(change(1, { thing: 'model', id: 'a', row: row('a') }));
    runs.apply(change(2, { thing: 'endpoint', id: 'a', action: 'deleted' }));
    expect(told).toEqual([]);
  });

  it('are asked for by pages, words and ids that need quoting', async () => {
    const { runs, answers, rest } = held();
    void runs.page({ search: 'x', state: 'FAILED' }, 100);
    const shown = runs.row('a/b');
    answers[1](paper(1, row('a/b')));
    expect((await shown)!.id).toBe('a/b');
    void runs.cancel('a/b');
    const cell = runs.cell('a/b');
    answers[3]({ cell: '%%kf train' });
    expect(await cell).toBe('%%kf train');
    expect(rest.asked).toEqual([
      'GET runs {"search":"x","state":"FAILED","offset":100,"limit":100}',
      'GET runs/a%2Fb {}',
      'POST runs/a%2Fb/cancel {}',
      'GET runs/a%2Fb/cell {}'
    ]);
  });
});
