import { leastWidth } from './widths';

it('a table is as wide as its columns at their narrowest, the gaps and the sides', () => {
  const columns = [{ width: 'minmax(90px, 3fr)' }, { width: '62px' }, { width: '1fr' }];
  expect(leastWidth(columns)).toBe(90 + 62 + 2 * 12 + 20);
  expect(leastWidth([])).toBe(20);
});
