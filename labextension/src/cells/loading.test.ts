import { LOAD, withLoad } from './loading';

const CELL = '%%kf train first\nkf.report(answer=42)';

describe('a sample that is inserted', () => {
  it('comes after a cell of its own that loads the magics: `%%kf` begins a cell', () => {
    expect(withLoad(CELL, [])).toEqual([LOAD, CELL]);
    expect(withLoad(CELL, ['import pandas', ''])).toEqual([LOAD, CELL]);
  });

  it('comes alone where a cell loads them already', () => {
    expect(withLoad(CELL, ['import os', `${LOAD}\n`])).toEqual([CELL]);
  });
});
