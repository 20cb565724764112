import { extended, type IOrder, NONE, only, toggled, without } from './picks';

/** Rows a, b, c, d, and one that is not loaded. */
const order: IOrder = {
  row: index => {
    const id = ['a', 'b', 'c', 'd', undefined, 'f'][index];
    return id === undefined ? undefined : { id };
  },
  indexOf: id => ['a', 'b', 'c', 'd', undefined, 'f'].indexOf(id)
};

describe('selected rows', () => {
  it('become more and fewer, one by one', () => {
    const two = toggled(only('a'), 'c');
    expect(two.ids).toEqual(['a', 'c']);
    expect(toggled(two, 'a')).toEqual({ ids: ['c'], anchor: 'a' });
  });

  it('are a range from where one began, in both directions', () => {
    const down = extended(only('b'), 3, order);
    expect(down).toEqual({ ids: ['b', 'c', 'd'], anchor: 'b' });
    expect(extended(down, 0, order)).toEqual({ ids: ['a', 'b'], anchor: 'b' });
  });

  it('are the row itself when nothing began, or what began is not loaded', () => {
    expect(extended(NONE, 2, order)).toEqual(only('c'));
    expect(extended(only('gone'), 2, order)).toEqual(only('c'));
  });

  it('hold no row that is not loaded', () => {
    expect(extended(only('d'), 5, order).ids).toEqual(['d', 'f']);
  });

  it('lose a row that is gone', () => {
    const two = toggled(only('a'), 'c');
    expect(without(two, 'c')).toEqual({ ids: ['a'], anchor: null });
    expect(without(two, 'x')).toBe(two);
  });
});
