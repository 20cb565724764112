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
});
