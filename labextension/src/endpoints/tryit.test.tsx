import * as React from 'react';
import { Around, draw } from '../testing/screen';
import { TryIt } from './tryit';

jest.mock('../ui/context', () => jest.requireActual('../testing/screen'));

/** The table of answers, as lines, after so many rows were asked. */
async function answered(count: number): Promise<string[][]> {
  const predictions = Array.from({ length: count }, (_, at) => ({
    prediction: at * 10
  }));
  const around = new Around(() => ({
    text: async () => JSON.stringify({ predictions, took_s: 0.01 })
  }));
  const screen = await draw(
    <TryIt name="high" columns={[]} ready onAnswer={() => undefined} />,
    around
  );
  await screen.click('Predict');
  const lines = [...screen.host.querySelectorAll('tr')].map(line =>
    [...line.children].map(cell => cell.textContent ?? '')
  );
  screen.close();
  return lines;
}

it('the answers of several rows have their numbers, as refusals count rows', async () => {
  expect(await answered(3)).toEqual([
    ['Row', 'prediction'],
    ['0', '0'],
    ['1', '10'],
    ['2', '20']
  ]);
});

it('the answer to one row needs none', async () => {
  expect(await answered(1)).toEqual([['prediction'], ['0']]);
});
