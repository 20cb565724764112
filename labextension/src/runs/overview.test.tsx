import * as React from 'react';
import { until } from '../testing/fakes';
import { Around, draw } from '../testing/screen';
import type { RunPaper } from '../wire';
import { Overview } from './overview';

jest.mock('../ui/context', () => jest.requireActual('../testing/screen'));
jest.mock('../ui/icons', () => ({}));

/** The overview of a run of this kind that has ended and reported what is given. */
async function shown(kind: string, points: unknown[] = []) {
  const around = new Around(() => ({ next: points.length, points, more: false }));
  const run = { id: 'a-1', name: 'a', kind, state: 'SUCCEEDED', spec: {}, outputs: {} };
  const paper = {
    run: { ...run, usage: {}, backend: 'local', started_s: 1, ended_s: 2 },
    ...{ inputs: [], things: [], artefacts: [] },
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

it('what travelled speaks of a cell only where there was one', async () => {
  expect(await shown('train')).toContain('Nothing of the notebook but the cell.');
  expect(await shown('batch')).toContain('it runs no code of it');
});
