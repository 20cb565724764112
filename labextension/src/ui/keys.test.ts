import { target } from './keys';

it.each([
  ['ArrowDown', 4, 5],
  ['ArrowDown', 9, 9],
  ['ArrowUp', 0, 0],
  ['PageDown', 0, 9],
  ['Home', 7, 0],
  ['End', -1, 9],
  ['a', 3, null]
])('%s from row %p leads to %p', (key, at, to) => {
  expect(target(key, at, 10)).toBe(to);
});

it('nothing leads anywhere in an empty table', () => {
  expect(target('End', -1, 0)).toBeNull();
});
