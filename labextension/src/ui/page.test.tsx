import * as React from 'react';
import { refusal } from '../testing/fakes';
import { Around, draw } from '../testing/screen';
import { Fetched } from './page';

jest.mock('./context', () => jest.requireActual('../testing/screen'));
jest.mock('./icons', () => ({}));

/** What a page says of these, and how often it asked again after a click. */
async function page(data: string | null, status: number | null) {
  let asked = 0;
  const error = status === null ? null : refusal(status);
  const told = { data, error, again: () => void (asked += 1) };
  const screen = await draw(
    <Fetched told={told}>{text => <b>{text}</b>}</Fetched>,
    new Around()
  );
  const said = screen.text();
  if (error) {
    await screen.click('Try again');
  }
  screen.close();
  return [said, asked];
}

it('what was shown stays under a line that says why it may be old, else the error stands there', async () => {
  expect(await page('high', null)).toEqual(['high', 0]);
  expect(await page('high', 500)).toEqual([
    'As it was known last: no. Try againhigh',
    1
  ]);
  const [said, asked] = await page(null, 404);
  expect(said).toContain('kf-1105');
  expect(asked).toBe(1);
});
