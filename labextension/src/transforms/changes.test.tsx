import * as React from 'react';
import { Around, draw } from '../testing/screen';
import type { TransformPaper } from '../wire';
import { Changes } from './changes';

jest.mock('../ui/context', () => jest.requireActual('../testing/screen'));
jest.mock('../ui/icons', () => ({}));

const CODE = ['', 'a = 1\nb = 2\n', 'a = 1\nb = 3\n', 'a = 1\nb = 3\n'];

function paper(version: number, of = 3): TransformPaper {
  const versions = CODE.slice(1, of + 1).map((_, at) => ({ n: at + 1 }));
  return {
    thing: { name: 'prepare', version },
    versions,
    code: CODE[version]
  } as unknown as TransformPaper;
}

async function shown(version: number, of = 3) {
  const around = new Around(path => paper(Number(path.slice(-1))));
  return draw(<Changes paper={paper(version, of)} />, around);
}

it('a version is shown against the one before it, older lines before newer', async () => {
  const screen = await shown(2);
  expect(screen.text()).toContain('− only in prepare@1, + only in prepare@2');
  expect([screen.host.querySelector('del')!.textContent]).toEqual(['− b = 2']);
  expect([screen.host.querySelector('ins')!.textContent]).toEqual(['+ b = 3']);
  screen.close();
});

it('the first version is shown against a later one, in the order of time too', async () => {
  const screen = await shown(1);
  expect(screen.text()).toContain('− only in prepare@1, + only in prepare@2');
  screen.close();
});

it('versions of the same code say so, and a transform of one version has nothing to say', async () => {
  const same = await shown(3);
  expect(same.text()).toContain('Nothing in the code.');
  same.close();
  const one = await shown(1, 1);
  expect(one.text()).toBe('');
  one.close();
});
