import * as React from 'react';
import { refusal, until } from '../testing/fakes';
import { Around, draw } from '../testing/screen';
import type { RunPaper } from '../wire';
import { Overview } from './overview';

jest.mock('../ui/context', () => jest.requireActual('../testing/screen'));
jest.mock('../ui/icons', () => ({}));

/** The overview of a run of this kind that has ended and reported what is given. */
async function shown(kind: string, points: unknown[] = [], things: unknown[] = []) {
  const around = new Around(path => {
    if (path.startsWith('studies')) {
      throw refusal(404); // its trials are another page's
    }
    return { next: points.length, points, more: false };
  });
  const run = { id: 'a-1', name: 'a', kind, state: 'SUCCEEDED', spec: {}, outputs: {} };
  const paper = {
    run: { ...run, usage: {}, backend: 'local', started_s: 1, ended_s: 2 },
    ...{ inputs: [], things, artefacts: [] },
    code: kind === 'batch' ? null : 'x = 1'
  };
  const page = <Overview paper={paper as unknown as RunPaper} />;
  const screen = await draw(page, around);
  const { asked } = around.kf.rest;
  await React.act(() => until(() => asked.some(path => path.includes('metrics'))));
  await React.act(() =>
    until(() => kind !== 'train' || screen.text().includes('kf.report'))
  );
  const text = screen.text();
  screen.close();
  return text;
}

it('a train run that reported nothing says how to, and no run that could not', async () => {
  expect(await shown('train')).toContain('In the cell: kf.report');
  for (const kind of ['batch', 'transform']) {
    const text = await shown(kind);
    expect([text.includes('kf.report'), text.includes('Metrics')]).toEqual([
      false,
      false
    ]);
  }
});

it('a search says whose cell its trials ran, and that its run is gone', async () => {
  const cell = { id: 'late-1', kind: 'run', label: 'run late-1' };
  const text = await shown('tune', [], [cell]);
  expect(text).toContain(
    'Each trial ran a train cell, with what travelled with it: late-1'
  );
  expect(await shown('tune')).toContain('whose run was deleted since');
});

it('what travelled speaks of a cell only where there was one', async () => {
  expect(await shown('train')).toContain('Nothing of the notebook but the cell.');
  expect(await shown('batch')).toContain('it runs no code of it');
});
