import { nullTranslator } from '@jupyterlab/translation';
import * as React from 'react';
import { createRoot } from 'react-dom/client';
import { fixed } from '../cells/life';
import { Empty } from './insert';

(globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;

const mockContext: { trans: unknown; commands?: unknown } = {
  trans: nullTranslator.load('jupyter_kf')
};
const mockCopied: string[] = [];
jest.mock('./context', () => ({ useKf: () => mockContext }));
jest.mock('@jupyterlab/apputils', () => ({
  Clipboard: { copyToSystem: (text: string) => mockCopied.push(text) }
}));

const CELL = '%%kf train first';

/** What is said when the sample is inserted and the command gives this. */
async function inserted(told: unknown) {
  mockContext.commands = { execute: async () => told };
  const host = document.createElement('div');
  await React.act(async () =>
    createRoot(host).render(<Empty text="No run yet." code={CELL} />)
  );
  await React.act(async () => host.querySelector('button')!.click());
  return host.querySelector('[aria-live]')!;
}

it('says where a cell is that was inserted', async () => {
  const note = await inserted(fixed({ place: 2, path: 'a.ipynb' }));
  expect(note.textContent).toBe('It is cell 2 of a.ipynb now; run it there.');
});

it('says that it is nowhere when there is no notebook, and gives it to be copied', async () => {
  const note = await inserted(null);
  expect(note.textContent).toContain('No notebook is open here');
  React.act(() => note.querySelector('button')!.click());
  expect(mockCopied).toEqual([CELL]);
  expect(note.querySelector('button')!.textContent).toBe('Copied');
});
