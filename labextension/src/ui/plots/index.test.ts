import { ticks } from '../ticks';
import { left, lines } from './index';

it('no line leads nowhere and no word is as long as a number, however odd the values are', () => {
  for (const values of [
    [1e308, -1e308],
    [1e30, 1, 2],
    [5e-324, 1e-323],
    [Infinity, 1, 2],
    [NaN, NaN],
    [-0, 0]
  ]) {
    const points = values.map((y, x) => ({ series: 'a', x, y }));
    const drawn = lines(points, { width: 300, height: 96, compact: true });
    expect(new XMLSerializer().serializeToString(drawn)).not.toMatch(/NaN|Infinity/);
    const words = [...drawn.querySelectorAll('text')].map(one => one.textContent ?? '');
    expect(Math.max(...words.map(word => word.length))).toBeLessThan(12);
  }
});

it('the room for words is that of the longest, up to where the plot would have none', () => {
  const room = (low: number, high: number) => left(ticks(low, high, { most: 3 }));
  expect(room(0, 1)).toBeLessThan(room(0, 1e4));
  expect(room(1e16, 1e16 + 2)).toBeLessThanOrEqual(120);
});
