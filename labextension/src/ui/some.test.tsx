import * as React from 'react';
import { ColumnView } from '../datasets/column';
import { profiledColumn } from '../datasets/model';
import type { MetricsFeed } from '../services/metrics';
import { Around, draw } from '../testing/screen';
import { MetricPlots } from './metrics';

jest.mock('./context', () => jest.requireActual('../testing/screen'));
// The library that draws; how many plots there are does not depend on it.
jest.mock('./plots', () => ({}));

/** What it shows, and a click on the button that says how many more there are. */
async function shown(element: React.ReactElement) {
  const { host, close } = await draw(element, new Around());
  const more = () => host.querySelector<HTMLButtonElement>('.jp-Kf-rest button');
  return { host, more, close, click: () => React.act(async () => more()!.click()) };
}

const point = (x: number) => ({ series: '', x, y: x });
const names = Array.from({ length: 26 }, (_, at) => `metric ${at}`);
const feed = {
  series: new Map(names.map(name => [name, [point(0), point(1)]])),
  version: 1
} as unknown as MetricsFeed;

it('of many metrics it says how many are not drawn, and draws them when asked', async () => {
  const { host, more, click } = await shown(<MetricPlots feed={feed} height={9} />);
  expect(host.querySelectorAll('figure')).toHaveLength(24);
  expect(more()!.textContent).toBe('and 2 more: show them');
  await click();
  expect([host.querySelectorAll('figure').length, more()]).toEqual([26, null]);
});

it('in a cell’s output the others are on another page', async () => {
  const open = jest.fn();
  const { host, more, click } = await shown(
    <MetricPlots feed={feed} height={9} most={4} elsewhere={open} />
  );
  expect(more()!.textContent).toBe('and 22 more on its page');
  await click();
  expect(open).toHaveBeenCalledTimes(1);
  expect(host.querySelectorAll('figure')).toHaveLength(4);
});

it('rows with other values are those of all values that are not shown', async () => {
  const top = Array.from({ length: 50 }, (_, at) => ({ value: `v${at}`, count: 2 }));
  const told = { type: 'string', nulls: 0, distinct: 57, top, others: 7 };
  const column = profiledColumn('kind', told, 107);
  const { host, more, click } = await shown(<ColumnView column={column} rows={107} />);
  const others = () =>
    [...host.querySelectorAll('dt')].find(
      ({ textContent }) => textContent === 'Rows with other values'
    )!.nextSibling!.textContent;
  expect(host.querySelector('figure')!.getAttribute('aria-label')).not.toContain('v12');
  expect([more()!.textContent, others()]).toEqual(['and 38 more: show them', '83']);
  await click();
  expect(host.querySelector('figure')!.getAttribute('aria-label')).toContain('v49: 2');
  expect([more(), others()]).toEqual([null, '7']);
});

it('nothing is said where nothing is left out', async () => {
  const { more } = await shown(<MetricPlots feed={feed} height={9} most={26} />);
  expect(more()).toBeNull();
});
