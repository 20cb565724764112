import * as React from 'react';
import { row, until } from '../testing/fakes';
import { Around, draw } from '../testing/screen';
import type { May, RunRow, Where } from '../wire';
import { endingOf, endingsOf } from './ending';
import { SectionList } from './section';
import { sections } from './sections';

jest.mock('../ui/context', () => jest.requireActual('../testing/screen'));
jest.mock('@jupyterlab/apputils', () => ({}));

const { trans } = new Around();
const over = (id: string) => row(id, { state: 'SUCCEEDED' });

/** The runs' section on the page, and what its server was asked to end. */
async function shown(rows: RunRow[]) {
  const by = new Around(path =>
    path === 'runs'
      ? { seq: 1, epoch: 'a', total: rows.length, counts: {}, rows }
      : { seq: 2, epoch: 'a' }
  );
  const [runs] = sections(by.kf, trans);
  const screen = await draw(<SectionList section={runs} />, by);
  const on = (element: Element, ctrlKey = false) =>
    React.act(async () => {
      element.dispatchEvent(new MouseEvent('click', { bubbles: true, ctrlKey }));
    });
  const ended = () => by.kf.rest.asked.filter(one => !one.startsWith('GET'));
  const options = () => [...screen.host.querySelectorAll('[role=option]')];
  return { ...screen, by, on, ended, options };
}

it('a row says by a click what the key Delete does, which asks, opens nothing and leads back', async () => {
  const page = await shown([row('a-1'), over('b-1')]);
  const [going, done] = page.options();
  expect(going.getAttribute('aria-keyshortcuts')).toBe('Delete');
  expect(going.querySelector('.jp-Kf-rowAct')!.textContent).toBe('Cancel');
  await page.on(done.querySelector('.jp-Kf-rowAct')!);
  expect(page.text()).toContain('Delete the train run b for good?');
  expect(document.activeElement!.textContent).toBe('Keep');
  await page.click('Keep');
  expect(document.activeElement!.getAttribute('role')).toBe('listbox');
  expect([page.ended(), page.by.told]).toEqual([[], []]);
  await page.on(page.options()[1].querySelector('.jp-Kf-rowAct')!);
  await page.click('Delete');
  await until(() => page.ended().length > 0);
  expect(page.ended()).toEqual(['DELETE runs/b-1']);
  page.close();
});

it('a question about a run that ends meanwhile is not answered by another', async () => {
  const rows = [row('a-1')];
  const page = await shown(rows);
  await page.on(page.options()[0].querySelector('.jp-Kf-rowAct')!);
  expect(page.button('Cancel it')).toBeDefined();
  rows[0] = over('a-1');
  await React.act(async () => {
    const told = {
      seq: 3,
      epoch: 'a',
      thing: 'run',
      id: 'a-1',
      action: 'ended'
    } as const;
    page.by.kf.changed.emit({ ...told, row: rows[0] });
  });
  expect([page.button('Keep'), page.ended()]).toEqual([undefined, []]);
  page.close();
});

it('what is selected is cancelled or deleted together, after one question', async () => {
  const page = await shown([row('a-1'), over('b-1'), over('c-1')]);
  for (const option of [0, 1, 2]) {
    await page.on(page.options()[option], true);
  }
  await page.click('Delete 2');
  expect(page.text()).toContain('Delete 2 runs for good?');
  await page.click('Delete');
  await until(() => page.ended().length > 1);
  expect(page.ended()).toEqual(['DELETE runs/b-1', 'DELETE runs/c-1']);
  page.close();
});

it('what one may not do is not offered on a row, by its key, or for what is selected', async () => {
  const page = await shown([row('a-1'), over('b-1')]);
  const told = (more: Partial<May>) =>
    React.act(async () => {
      page.by.kf.where = { may: { runs: true, delete: true, ...more } } as Where;
      page.by.kf.whereChanged.emit();
    });
  const offered = () =>
    page.options().map(one => one.querySelector('.jp-Kf-rowAct')?.textContent ?? null);
  expect(offered()).toEqual(['Cancel', 'Delete']);
  await told({ delete: false });
  expect(offered()).toEqual(['Cancel', null]);
  await told({ delete: false, runs: false });
  expect(offered()).toEqual([null, null]);
  for (const option of page.options()) {
    await page.on(option, true);
  }
  expect(page.button('Compare')).toBeDefined();
  expect([page.button('Cancel 1'), page.button('Delete 1')]).toEqual([
    undefined,
    undefined
  ]);
  const list = page.host.querySelector('[role=listbox]')!;
  await React.act(async () => {
    list.dispatchEvent(new KeyboardEvent('keydown', { key: 'Delete', bubbles: true }));
  });
  expect(page.button('Keep')).toBeUndefined();
  await told({});
  expect(offered()).toEqual(['Cancel', 'Delete']);
  page.close();
});

it('runs are cancelled, endpoints stopped, and what has ended is deleted', () => {
  const said = (more: Partial<RunRow>) =>
    endingOf(row('a-0123456fx1', more), trans).question;
  // Several may have one name: which of them is said by its kind and id.
  expect([
    said({}),
    said({ kind: 'serve' }),
    said({ kind: 'batch', state: 'LOST' })
  ]).toEqual([
    'Cancel the train run a 6fx1?',
    'Stop the serve run a 6fx1?',
    'Delete the batch run a 6fx1 for good?'
  ]);
  const labels = (rows: RunRow[]) => endingsOf(rows, trans).map(({ label }) => label);
  expect(labels([row('a'), row('b')])).toEqual(['Cancel']);
  expect(labels([over('a')])).toEqual(['Delete']);
  expect(labels([row('a'), over('b')])).toEqual(['Cancel 1', 'Delete 1']);
});

it('the detail begins with the metric, and only the active row says what Delete does', async () => {
  const made = Date.now() / 1000 - 8 * 60;
  const rows = ['a-1', 'b-1', 'c-1'].map(id =>
    row(id, { created_s: made, metrics: { mae: 0.25 } })
  );
  const page = await shown(rows);
  const detail = page.options()[0].querySelector('.jp-Kf-rowDetail')!.textContent;
  expect(detail).toBe('mae 0.25 · train · 8 min. ago');
  for (const option of [0, 1, 2]) {
    await page.on(page.options()[option], true);
  }
  const marked = (of: string) => page.options().map(one => one.matches(of));
  expect(marked('[aria-selected=true]')).toEqual([true, true, true]);
  expect(marked('.jp-mod-active')).toEqual([false, false, true]);
  page.close();
});
