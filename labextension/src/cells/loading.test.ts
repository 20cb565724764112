import { LOAD, loading, Ours } from './loading';

const WITHOUT = ['import pandas', ''];
const WITH = ['import os', `${LOAD}\n`];

describe('a cell of ours that is inserted or run', () => {
  it('has a cell above it that loads the magics, which runs where there is a kernel', () => {
    expect(loading(WITHOUT, true)).toBe('run');
    expect(loading(WITHOUT, false)).toBe('cell');
  });

  it('has one in a notebook that has one, and starts no kernel where there is none', () => {
    expect([loading(WITH, true), loading(WITH, false)]).toEqual(['no', 'no']);
  });
});

describe('a kernel that never ran the cell that loads the magics', () => {
  const ours = new Ours();
  const asked: unknown[] = [];
  const kernel = { requestExecute: (content: unknown) => asked.push(content) };
  const source = '%kf serve wein';
  ours.add('a');

  it('loads them just before a cell of ours, each time: it may have been restarted', () => {
    ours.runs({ id: 'a', source, kernel });
    ours.runs({ id: 'a', source: '%%kf train wein\n1', kernel });
    expect(asked).toEqual(Array(2).fill({ code: LOAD, silent: true }));
  });

  it('is told nothing before what the user wrote', () => {
    asked.length = 0;
    ours.runs({ id: 'b', source, kernel }); // another cell
    ours.runs({ id: 'a', source: 'print("%kf")', kernel }); // ours no more
    ours.runs({ id: 'a', source, kernel: null });
    expect(asked).toEqual([]);
  });
});
