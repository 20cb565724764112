import { LOAD, loading } from './loading';

const WITHOUT = ['import pandas', ''];
const WITH = ['import os', `${LOAD}\n`];

describe('a cell of ours that is inserted or run', () => {
  it('has a cell above it that loads the magics, which runs where there is a kernel', () => {
    expect(loading(WITHOUT, true)).toBe('run');
    expect(loading(WITHOUT, false)).toBe('cell');
  });

  it('is understood by a kernel that was restarted: it loads them, without another cell', () => {
    expect(loading(WITH, true)).toBe('kernel');
  });

  it('starts no kernel where there is none', () => {
    expect(loading(WITH, false)).toBe('no');
  });
});
