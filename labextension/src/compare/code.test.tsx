import * as React from 'react';
import { Around, draw } from '../testing/screen';
import type { ComparePaper } from '../wire';
import { TransformLines } from './code';

jest.mock('../ui/context', () => jest.requireActual('../testing/screen'));

const prepared = (n: number, code: string | null) => ({
  name: `prepare@${n}`,
  digest: String(n),
  code
});
const [one, two, refitted] = [
  prepared(1, 'a = 1\n'),
  prepared(2, 'a = 2\n'),
  prepared(3, 'a = 2\n')
];

async function said(...transforms: unknown[]): Promise<string> {
  const paper = { transforms } as unknown as ComparePaper;
  const screen = await draw(<TransformLines paper={paper} />, new Around());
  const text = screen.text();
  screen.close();
  return text;
}

it('the code of two transforms is told apart line by line, by their versions', async () => {
  const text = await said(one, two);
  expect(text).toContain('− only in prepare@1, + only in prepare@2');
  expect(text).toContain('− a = 1+ a = 2');
});

it('transforms that only learnt from other rows say so, and three are too many', async () => {
  expect(await said(two, refitted)).toContain('have the same code, and learnt from');
  expect(await said(one, two, refitted)).toContain('leave all but two runs out');
  expect(await said(one, prepared(4, null))).toContain('lost the code of prepare@4');
});

it('one transform for all, or none, is no difference', async () => {
  expect([await said(one, one), await said(null, null)]).toEqual(['', '']);
});
