import { Signal } from '@lumino/signaling';
import * as React from 'react';
import { Around, draw } from '../testing/screen';
import type { IInserted, IPlace } from '../tokens';
import { Inserted } from './inserted';

class Told implements IInserted {
  constructor(public at: IPlace | null) {}
  readonly changed: Signal<IInserted, void> = new Signal<IInserted, void>(this);
  isDisposed = false;
  dispose(): void {
    this.isDisposed = true;
  }
  move(at: IPlace | null): Promise<void> {
    this.at = at;
    return React.act(async () => this.changed.emit());
  }
}

it('the hint follows its cell, and says once that there is nothing more to say', async () => {
  const told = new Told({ path: 'a.ipynb', place: 13 });
  const gone = jest.fn();
  const words = ({ place, path }: IPlace) => `cell ${place} of ${path}`;
  const screen = await draw(
    <Inserted told={told} words={words} gone={gone} />,
    new Around()
  );
  expect(screen.text()).toBe('cell 13 of a.ipynb');
  await told.move({ path: 'a.ipynb', place: 12 });
  expect(screen.text()).toBe('cell 12 of a.ipynb');
  await told.move(null);
  expect([screen.text(), gone.mock.calls.length]).toEqual(['', 1]);
  screen.close();
  expect(told.isDisposed).toBe(true);
});
