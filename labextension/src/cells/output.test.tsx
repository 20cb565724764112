import { row, study, trial } from '../testing/fakes';
import { Around, draw, type KfWidget } from '../testing/screen';
import { CommandIDs } from '../tokens';
import type { RunRow } from '../wire';
import { makeOutput } from './output';

jest.mock('../ui/context', () => jest.requireActual('../testing/screen'));

async function shown(run: RunRow, answers: Record<string, unknown> = {}) {
  const paper = { seq: 1, epoch: 'a', run };
  const around = new Around(path => answers[path] ?? paper);
  const told = { format: 1 as const, id: run.id, kind: run.kind, name: run.name };
  const output = makeOutput(around as never, told) as unknown as KfWidget;
  const screen = await draw(output.element, around);
  return { around, screen };
}

it('a search says how many of its trials have finished, and nothing of prints', async () => {
  const told = study([trial(0), trial(1, { state: 'RUNNING', values: null })]);
  const { screen } = await shown(row('high-1', { kind: 'tune' }), {
    'studies/high-1': { study: { ...told, total: 4 } }
  });
  expect(screen.text()).toContain('1 of 4 trials finished · 1 running now');
  expect(screen.text()).not.toContain('Nothing printed');
  screen.close();
});

it('a run that prints nothing yet says so', async () => {
  const { screen } = await shown(row('delay-1'));
  expect(screen.text()).toContain('Nothing printed so far.');
  screen.close();
});

it('a run, a search and an endpoint that is only starting open their own pages', async () => {
  for (const [kind, thing, id] of [
    ['train', 'run', 'high-1'],
    ['tune', 'study', 'high-1'],
    ['serve', 'endpoint', 'high']
  ]) {
    const told = { 'studies/high-1': { study: study([]) } };
    const { screen, around } = await shown(row('high-1', { kind }), told);
    await screen.click('Open');
    expect(around.told).toEqual([{ command: CommandIDs.open, args: { thing, id } }]);
    screen.close();
  }
});
