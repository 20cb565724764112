import { change, FakeKubeflow, FakeRest, refusal, row, until } from '../testing/fakes';
import type { RunRow, Where } from '../wire';
import { Endings } from './endings';

const at = { seq: 0, epoch: 'a' };
const ended = (id: string, more: Partial<RunRow> = {}) =>
  row(id, { state: 'SUCCEEDED', started_s: 100, ended_s: 400, ...more });
const paper = (run: RunRow) => ({ ...at, run });
const page = (rows: RunRow[]) => ({ ...at, rows, total: rows.length, counts: {} });

/** What the server says now, and what was told. */
function watched(answers: Record<string, unknown> = {}) {
  const rest = new FakeRest(path => {
    if (!(path in answers)) {
      throw refusal(404);
    }
    return answers[path];
  });
  const kf = new FakeKubeflow(rest);
  const told: [string, number][] = [];
  const endings = new Endings(kf, (run, took_s) => told.push([run.id, took_s]));
  const see = (run: RunRow) => kf.runs.apply(change(0, { id: run.id, row: run }));
  return { answers, rest, kf, told, endings, see };
}

it('a long job is told of once, by its event, and a short, cancelled or replaced one is not', () => {
  const { kf, told, see } = watched();
  see(row('long'));
  for (const run of [
    ended('long'),
    ended('long'),
    ended('short', { ended_s: 110 }),
    ended('left', { state: 'CANCELLED' }),
    ended('replaced', { kind: 'serve' }),
    ended('broken', { kind: 'serve', state: 'FAILED' })
  ]) {
    see(run);
    kf.changed.emit(change(1, { id: run.id, action: 'ended', row: run }));
  }
  expect(told).toEqual([
    ['long', 300],
    ['broken', 300]
  ]);
});

it('an end whose event was missed is found when events were missed', async () => {
  const { kf, told, see, rest } = watched({
    runs: page([ended('new'), row('on')]),
    'runs/old': paper(ended('old', { state: 'FAILED' }))
  });
  ['old', 'new', 'on', 'gone'].forEach(id => see(row(id)));
  kf.stale.emit();
  await until(() => rest.asked.includes('GET runs/gone {}') && told.length === 2);
  expect(told.map(([id]) => id).sort()).toEqual(['new', 'old']);
  rest.asked.length = 0; // only who may still end is asked for again
  kf.stale.emit();
  await until(() => rest.asked.length === 1);
  expect(told.length).toBe(2);
});

it('what ran before the page was loaded can be missed no more than another', async () => {
  const { kf, told, answers, rest } = watched({ runs: page([row('a')]) });
  kf.where = { running: 1, serving: 0, waiting: 0 } as Where;
  await until(() => rest.asked.length === 1);
  await until(() => kf.runs.get('a') !== undefined);
  answers['runs'] = page([ended('a')]);
  kf.stale.emit();
  await until(() => told.length === 1);
});

it('what is seen only after its end is told to nobody, and nothing is asked for nothing', async () => {
  const { kf, told, see, rest } = watched();
  see(ended('a'));
  kf.stale.emit();
  await Promise.resolve();
  expect([told, rest.asked]).toEqual([[], []]);
});

it('a server that is away again is asked when it is found', async () => {
  const { kf, told, see, answers, rest } = watched();
  see(row('a'));
  kf.stale.emit();
  await until(() => rest.asked.length === 1);
  answers['runs'] = page([ended('a')]);
  await new Promise(resolve => setTimeout(resolve, 0));
  kf.stale.emit();
  await until(() => told.length === 1);
});
