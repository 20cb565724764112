import { nullTranslator } from '@jupyterlab/translation';
import * as React from 'react';
import { createRoot } from 'react-dom/client';
import { FakeKubeflow, FakeRest, row, until } from '../testing/fakes';
import type { RunRow } from '../wire';
import { endingOf, endingsOf } from './ending';
import { SectionList } from './section';
import { sections } from './sections';

(globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;

class Silent {
  observe(): void {}
  disconnect(): void {}
}

const mockContext: { kf?: FakeKubeflow; trans?: unknown; commands?: unknown } = {};
jest.mock('../ui/context', () => ({ useKf: () => mockContext }));
jest.mock('@jupyterlab/apputils', () => ({}));

const trans = nullTranslator.load('jupyter_kf');
const over = (id: string) => row(id, { state: 'SUCCEEDED' });

/** The runs' section on the page, and what its server was asked to end. */
async function shown(rows: RunRow[]) {
  globalThis.IntersectionObserver = Silent as never;
  globalThis.ResizeObserver = Silent as never;
  const rest = new FakeRest(path =>
    path === 'runs'
      ? { seq: 1, epoch: 'a', total: rows.length, counts: {}, rows }
      : { seq: 2, epoch: 'a' }
  );
  const kf = new FakeKubeflow(rest);
  const commands = { execute: jest.fn() };
  Object.assign(mockContext, { kf, trans, commands });
  const host = document.body.appendChild(document.createElement('div'));
  const root = createRoot(host);
  const [runs] = sections(kf, trans);
  await React.act(async () => root.render(<SectionList section={runs} />));
  const click = (element: Element | undefined, ctrlKey = false) =>
    React.act(async () => {
      element!.dispatchEvent(new MouseEvent('click', { bubbles: true, ctrlKey }));
    });
  const named = (label: string) =>
    [...host.querySelectorAll('button')].find(one => one.textContent === label);
  const ended = () => rest.asked.filter(one => !one.startsWith('GET'));
  const options = () => [...host.querySelectorAll('[role=option]')];
  const close = () => {
    React.act(() => root.unmount());
    host.remove();
  };
  return { kf, commands, host, click, named, ended, options, close };
}

it('a row says by a click what the key Delete does, which asks, opens nothing and leads back', async () => {
  const page = await shown([row('a-1'), over('b-1')]);
  const [going, done] = page.options();
  expect(going.getAttribute('aria-keyshortcuts')).toBe('Delete');
  expect(going.querySelector('.jp-Kf-rowAct')!.textContent).toBe('Cancel');
  await page.click(done.querySelector('.jp-Kf-rowAct')!);
  expect(page.host.textContent).toContain('Delete b for good?');
  expect(document.activeElement!.textContent).toBe('Keep');
  await page.click(page.named('Keep'));
  expect(document.activeElement!.getAttribute('role')).toBe('listbox');
  expect([page.ended(), page.commands.execute.mock.calls]).toEqual([[], []]);
  await page.click(page.options()[1].querySelector('.jp-Kf-rowAct')!);
  await page.click(page.named('Delete'));
  await until(() => page.ended().length > 0);
  expect(page.ended()).toEqual(['DELETE runs/b-1']);
  page.close();
});

it('a question about a run that ends meanwhile is not answered by another', async () => {
  const rows = [row('a-1')];
  const page = await shown(rows);
  await page.click(page.options()[0].querySelector('.jp-Kf-rowAct')!);
  expect(page.named('Cancel it')).toBeDefined();
  rows[0] = over('a-1');
  await React.act(async () => {
    const told = {
      seq: 3,
      epoch: 'a',
      thing: 'run',
      id: 'a-1',
      action: 'ended'
    } as const;
    page.kf.changed.emit({ ...told, row: rows[0] });
  });
  expect([page.named('Keep'), page.ended()]).toEqual([undefined, []]);
  page.close();
});

it('what is selected is cancelled or deleted together, after one question', async () => {
  const page = await shown([row('a-1'), over('b-1'), over('c-1')]);
  for (const option of [0, 1, 2]) {
    await page.click(page.options()[option], true);
  }
  await page.click(page.named('Delete 2'));
  expect(page.host.textContent).toContain('Delete 2 runs for good?');
  await page.click(page.named('Delete'));
  await until(() => page.ended().length > 1);
  expect(page.ended()).toEqual(['DELETE runs/b-1', 'DELETE runs/c-1']);
  page.close();
});

it('runs are cancelled, endpoints stopped, and what has ended is deleted', () => {
  const said = (more: Partial<RunRow>) => endingOf(row('a', more), 'a', trans).question;
  expect([said({}), said({ kind: 'serve' }), said({ state: 'LOST' })]).toEqual([
    'Cancel a?',
    'Stop a?',
    'Delete a for good?'
  ]);
  const labels = (rows: RunRow[]) => endingsOf(rows, trans).map(({ label }) => label);
  expect(labels([row('a'), row('b')])).toEqual(['Cancel']);
  expect(labels([over('a')])).toEqual(['Delete']);
  expect(labels([row('a'), over('b')])).toEqual(['Cancel 1', 'Delete 1']);
});
