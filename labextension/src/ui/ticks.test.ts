import { ticks } from './ticks';

const words = (...asked: Parameters<typeof ticks>) => {
  const { values, words } = ticks(...asked);
  return values.map(words);
};

describe('values along an axis', () => {
  it('are round, and go around what is drawn', () => {
    expect(words(0.03, 1, { most: 5, around: true })).toEqual([
      ...['0.0', '0.2', '0.4', '0.6', '0.8', '1.0']
    ]);
  });

  it('are told apart where they differ little', () => {
    const close = words(0.97612, 0.97618, { most: 4, around: true });
    expect(close).toContain('0.97612');
    expect(new Set(close).size).toBe(close.length);
    const large = words(1_000_000, 1_000_300, { most: 4 });
    expect(new Set(large).size).toBe(large.length);
    const small = words(1.001e-7, 1.002e-7, { most: 4, around: true });
    expect(new Set(small).size).toBe(small.length);
  });

  it('are whole where something is counted, within its ends', () => {
    expect(words(0, 4, { most: 8, whole: true })).toEqual(['0', '1', '2', '3', '4']);
    expect(words(3, 3, { most: 8, whole: true })).toEqual(['3']);
    expect(words(0, 299, { most: 6, whole: true })).toEqual([
      ...['0', '50', '100', '150', '200', '250']
    ]);
  });

  it('are short where they are large', () => {
    expect(words(0, 2_000_000, { most: 4 })).toEqual([
      ...['0', '500K', '1M', '1.5M', '2M']
    ]);
  });

  it('say how much room they need', () => {
    expect(ticks(0, 1, { most: 5 }).letters).toBe(3);
  });

  it('are finite, apart, short and around the ends, however odd these are', () => {
    const ends: [number, number][] = [
      [-1e308, 1e308],
      [-Number.MAX_VALUE, Number.MAX_VALUE],
      [0, 1e308],
      [1e300, 1e300 * (1 + 1e-15)],
      [1e16, 1e16 + 2],
      [1e15, 2e15],
      [-3e17, 0],
      [0, 5e-324],
      [5e-324, 1e-323],
      [1e-300, 2e-300],
      [-0, 0],
      [7, 7],
      [NaN, NaN],
      [-Infinity, Infinity]
    ];
    for (const [low, high] of ends) {
      for (const most of [1, 3, 7.5]) {
        const { values, words, letters } = ticks(low, high, { most, around: true });
        const said = values.map(words);
        const scale = values[values.length - 1] - values[0];
        expect([low, high, values.every(Number.isFinite)]).toEqual([low, high, true]);
        expect(scale > 0 && Number.isFinite(scale)).toBe(true);
        expect(values.length).toBeLessThanOrEqual(most + 3);
        expect(new Set(said).size).toBe(values.length);
        expect(letters).toBeLessThanOrEqual(22);
        expect(said).not.toContain('-0');
        const bounded = Math.abs(low) <= 1e307 && Math.abs(high) <= 1e307;
        if (bounded) {
          expect(values[0]).toBeLessThanOrEqual(low);
          expect(values[values.length - 1]).toBeGreaterThanOrEqual(high);
        }
      }
    }
  });

  it('are powers of ten where they are very large', () => {
    expect(words(0, 1e15, { most: 2 })).toEqual(['0', '5.0e+14', '1.0e+15']);
    expect(words(0, 9e14, { most: 2 })).toEqual(['0', '500T']);
  });

  it('are none where there is nothing to count', () => {
    expect(words(Infinity, -Infinity, { most: 4, whole: true })).toEqual([]);
  });
});
