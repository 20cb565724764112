import * as React from 'react';
import { change, refusal, row, study, trial } from '../testing/fakes';
import { Around, draw, drawnUntil, type KfWidget } from '../testing/screen';
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

/** The output of a run whose page the test changes and whose answers it makes. */
async function live(answer: (path: string) => unknown, known?: RunRow) {
  const around = new Around(path =>
    path.endsWith('/metrics') ? { points: [], next: 0 } : answer(path)
  );
  if (known) {
    around.kf.tell(change(1, { id: known.id, row: known }));
  }
  const told = { format: 1 as const, id: 'a-1', kind: 'train', name: 'a' };
  const output = makeOutput(around as never, told) as unknown as KfWidget;
  return { around, output };
}

it('a run that ended between the drawing and its effects has ended, though no row is new after', async () => {
  const end = row('a-1', { state: 'SUCCEEDED' });
  const { around, output } = await live(
    () => ({ seq: 9, epoch: 'a', run: end }),
    row('a-1')
  );
  function Between(): null {
    React.useLayoutEffect(
      () => around.kf.tell(change(2, { id: 'a-1', action: 'ended', row: end })),
      []
    );
    return null;
  }
  const both = (
    <>
      {output.element}
      <Between />
    </>
  );
  const screen = await draw(both, around);
  expect(screen.text()).toContain('Succeeded');
  expect(screen.button('Cancel')).toBeUndefined();
  screen.close();
});

it('a failure is said beside the row that is known, and goes when it was asked again', async () => {
  let failure: Error | null = refusal(500);
  const { around, output } = await live(() => {
    if (failure) {
      throw failure;
    }
    return { seq: 9, epoch: 'a', run: row('a-1') };
  }, row('a-1'));
  const screen = await draw(output.element, around);
  expect(screen.text()).toContain('kf-1105');
  expect(screen.text()).toContain('Running');
  failure = null;
  await screen.click('Try again');
  await drawnUntil(() => !screen.text().includes('kf-1105'));
  expect(screen.text()).toContain('Running');
  screen.close();
});

it('a run that is gone is said to be, and one that comes back is shown', async () => {
  let gone = true;
  const { around, output } = await live(() => {
    if (gone) {
      throw refusal(404, 'kf-1101');
    }
    return { seq: 9, epoch: 'a', run: row('a-1') };
  }, row('a-1'));
  const screen = await draw(output.element, around);
  expect(screen.text()).toContain('kf-1101');
  expect(screen.text()).not.toContain('Running');
  gone = false;
  around.kf.tell(change(2, { id: 'a-1', action: 'created', row: row('a-1') }));
  await drawnUntil(() => screen.text().includes('Running'));
  screen.close();
});

it('a change without its row asks for it, and no more once that was refused', async () => {
  let answer: () => unknown = () => ({ seq: 1, epoch: 'a', run: row('a-1') });
  const { around, output } = await live(() => answer());
  const screen = await draw(output.element, around);
  const asked = () =>
    around.kf.rest.asked.filter(one => one === 'GET runs/a-1 {}').length;
  const end = row('a-1', { state: 'FAILED' });
  answer = () => ({ seq: 2, epoch: 'a', run: end });
  around.kf.tell(change(2, { id: 'a-1', action: 'ended' }));
  await drawnUntil(() => screen.text().includes('Failed'));
  answer = () => {
    throw refusal(403);
  };
  around.kf.tell(change(3, { id: 'a-1' }));
  await drawnUntil(() => screen.text().includes('kf-1105'));
  const before = asked();
  around.kf.tell(change(4, { id: 'a-1' }));
  await React.act(() => new Promise(resolve => setTimeout(resolve, 250)));
  expect(asked()).toBe(before);
  screen.close();
});

it('a run is cancelled from its cell after a question, as everywhere', async () => {
  for (const [kind, question] of [
    ['train', 'End it and all that it started?'],
    ['tune', 'Cancel? Finished trials stay.']
  ]) {
    const { screen, around } = await shown(row('high-1', { kind }), {
      'studies/high-1': { study: study([]) }
    });
    const ended = () => around.kf.rest.asked.filter(one => !one.startsWith('GET'));
    await screen.click('Cancel');
    expect(screen.text()).toContain(question);
    expect(ended()).toEqual([]);
    await screen.click('Cancel it');
    expect(ended()).toHaveLength(1);
    screen.close();
  }
});
