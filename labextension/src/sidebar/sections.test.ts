import { nullTranslator } from '@jupyterlab/translation';
import { FakeKubeflow, FakeRest, row } from '../testing/fakes';
import { openOf, runRow, sections } from './sections';

const trans = nullTranslator.load('jupyter_kf');
const { signal } = new AbortController();

/** What a section shows of the answer to its question, and what it asked. */
async function shown(id: string, rows: unknown[]) {
  const rest = new FakeRest(() => ({ seq: 1, epoch: 'a', total: 9, rows }));
  const section = sections(new FakeKubeflow(rest), trans).find(one => one.id === id)!;
  const question = { search: 'x', kind: '', state: '' };
  const page = await section.fetch(question, 100, signal);
  return { section, page, asked: rest.asked[0] };
}

const thing = { name: 'trips', version: 2, digest: 'sha256:0123456789abcdef' };
const study = { name: 'search', run: row('s-1', { kind: 'tune' }) };

describe('the sections of the sidebar', () => {
  it('are one for each kind of thing, with what to type where there is none', () => {
    const all = sections(new FakeKubeflow(), trans);
    expect(all.map(({ id, thing: what }) => [id, what])).toEqual([
      ['runs', 'run'],
      ['studies', 'study'],
      ['models', 'model'],
      ['endpoints', 'endpoint'],
      ['transforms', 'transform'],
      ['datasets', 'dataset']
    ]);
    // One cell each: what follows a magic's own line is no other magic.
    const one = /^%%?kf [^\n]*(\n[^%][^\n]*)*$/;
    expect(all.every(({ empty }) => one.test(empty.code) && empty.text)).toBe(true);
  });

  it('are filtered by the states that their things can be in', () => {
    const all = sections(new FakeKubeflow(), trans);
    const filtered = all.filter(({ states }) => states.length);
    expect(filtered.map(({ id, states }) => [id, states.length])).toEqual([
      ['runs', 7],
      ['studies', 6],
      ['endpoints', 6]
    ]);
    expect(all.filter(({ kinds }) => kinds.length).map(({ id }) => id)).toEqual([
      'runs'
    ]);
    expect(all[1].states).not.toContain('READY'); // nothing is served
    expect(all[3].states).not.toContain('SUCCEEDED'); // it has no end of its own
  });

  it('ask for the page that is looked at, and give how many there are', async () => {
    for (const id of [
      'runs',
      'studies',
      'models',
      'endpoints',
      'transforms',
      'datasets'
    ]) {
      const { page, asked } = await shown(id, []);
      expect(page).toMatchObject({ total: 9, rows: [] });
      expect(asked).toContain(`GET ${id} {"search":"x"`);
      expect(asked).toContain('"offset":100,"limit":100');
    }
  });

  it('show things by name and version', async () => {
    const { page } = await shown('datasets', [{ ...thing, created_s: 0 }]);
    const [first] = page.rows;
    expect([first.id, first.thing, first.title, first.run]).toEqual([
      'trips',
      'dataset',
      'trips',
      null
    ]);
    expect(first.detail()).toMatch(/^v2 · /);
  });

  it('say of a model how many versions it has: its name means the best of them', async () => {
    const { page } = await shown('models', [
      { ...thing, versions: 2, created_s: 0 },
      { ...thing, version: 1, versions: 1, created_s: 0 }
    ]);
    const [several, one] = page.rows.map(({ detail }) => detail());
    expect(several).toMatch(/^2 versions · newest .* ago$/);
    expect(one).toMatch(/^v1 · 0123456789ab · /);
  });

  it('say which version of an endpoint has the traffic, and which is kept warm', async () => {
    const serve = (id: string, more = {}) =>
      row(id, { kind: 'serve', name: 'high', state: 'READY', ...more });
    const [one, two] = [serve('high-1'), serve('high-2')];
    const rows = [two, one, serve('other-1', { name: 'other' }), row('a')];
    const rest = new FakeRest(path => ({
      ...{ seq: 1, epoch: 'a', total: 4, counts: {} },
      rows: path === 'endpoints' ? [{ name: 'high', run: two }] : rows
    }));
    const [runs] = sections(new FakeKubeflow(rest), trans);
    const question = { search: '', kind: '', state: '' };
    const page = await runs.fetch(question, 0, signal);
    const words = page.rows.map(({ detail }) => detail().split(' · ')[1]);
    expect(words.slice(0, 2)).toEqual(['has the traffic', 'kept warm']);
    expect(page.rows[2].detail()).not.toMatch(/traffic|warm/);
    expect(runs.row!(one).detail()).toContain('kept warm');
  });

  it('show a study by its trials, and its run is the one to cancel', async () => {
    const trials = { SUCCEEDED: 2, FAILED: 1, RUNNING: 2 };
    const { page } = await shown('studies', [{ ...study, trials, total: 8 }]);
    const [first] = page.rows;
    expect([first.thing, first.title, first.run!.id]).toEqual([
      'study',
      'search',
      's-1'
    ]);
    expect(first.detail()).toContain('3 of 8 trials finished');
  });

  it('say whether an endpoint is proven, and nothing where that is not known', async () => {
    const run = row('high-1', { kind: 'serve', state: 'READY' });
    const endpoint = { name: 'high', version: 3, state: 'READY', run };
    const rows = [true, false, null].map(parity_ok => ({ ...endpoint, parity_ok }));
    const { page } = await shown('endpoints', rows);
    expect(page.rows.map(one => one.detail())).toEqual([
      'v3 · parity proven',
      'v3 · parity broken',
      'v3'
    ]);
    expect(page.rows[0]).toMatchObject({
      id: 'high',
      thing: 'endpoint',
      state: 'READY'
    });
  });
});

describe("a run's row", () => {
  it('says why it waits, how long it still takes, and what it reported', () => {
    const waiting = row('a', { state: 'PENDING', reason: 'no GPU is free' });
    expect(runRow(waiting, trans).detail()).toContain('no GPU is free');
    const running = row('a', {
      progress: 0.5,
      remaining_s: 90,
      metrics: { auc: 0.91 }
    });
    const { detail, progress } = runRow(running, trans);
    expect([detail().includes('left'), detail().includes('auc 0.91')]).toEqual([
      true,
      true
    ]);
    expect(progress).toBe(0.5);
  });

  it('says first why it failed, in a line', () => {
    const error = { code: 'kf-2001', message: 'ValueError: no\nmore' };
    const failed = row('a', { state: 'FAILED', error, metrics: { auc: 0.5 } });
    expect(runRow(failed, trans).detail()).toMatch(/^ValueError: no · auc 0.5 · train/);
    const lost = row('a', { state: 'LOST', reason: 'its process is gone' });
    expect(runRow(lost, trans).detail()).toMatch(/^its process is gone · train/);
    const left = row('a', { state: 'CANCELLED', reason: 'cancelled' });
    expect(runRow(left, trans).detail()).toMatch(/^train/);
  });

  it('has no progress once it has ended, and is a study when it searches', () => {
    const ended = row('a', { kind: 'tune', state: 'SUCCEEDED', progress: 1 });
    const { progress, thing: what, run } = runRow(ended, trans);
    expect([progress, what, run]).toEqual([null, 'study', ended]);
  });
});

it.each([
  [undefined, ['runs']],
  [
    ['models', 3, 'runs'],
    ['models', 'runs']
  ],
  [[], []],
  ['broken', ['runs']]
])('of what was kept (%p) these sections are open: %p', (kept, open) =>
  expect(openOf(kept)).toEqual(open)
);
