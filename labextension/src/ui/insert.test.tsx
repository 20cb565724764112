import * as React from 'react';
import { fixed } from '../cells/life';
import { Around, draw } from '../testing/screen';
import { Empty } from './insert';

const mockCopied: string[] = [];
jest.mock('./context', () => jest.requireActual('../testing/screen'));
jest.mock('@jupyterlab/apputils', () => ({
  Clipboard: { copyToSystem: (text: string) => mockCopied.push(text) }
}));

const CELL = '%%kf train first';

/** What is said when the sample is inserted and the command gives this. */
async function inserted(told: unknown) {
  const by = new Around();
  by.inserted = told;
  const screen = await draw(<Empty text="No run yet." code={CELL} />, by);
  await screen.click('Insert into the notebook');
  const said = () => screen.host.querySelector('[aria-live]')!.textContent;
  return { ...screen, said };
}

it('says where a cell is that was inserted', async () => {
  const { said, close } = await inserted(fixed({ place: 2, path: 'a.ipynb' }));
  expect(said()).toBe('It is cell 2 of a.ipynb now; run it there.');
  close();
});

it('says that it is nowhere when there is no notebook, and gives it to be copied', async () => {
  const { said, click, close } = await inserted(null);
  expect(said()).toContain('No notebook is open here');
  await click('Copy the cell');
  expect(mockCopied).toEqual([CELL]);
  expect(said()).toContain('Copied');
  close();
});
