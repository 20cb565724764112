import { firstLine, nameOf, tabTitle } from './names';

it('a run is called by its name, whoever knows its row; other things as they are', () => {
  expect(nameOf('late-6fwgdqjj85')).toBe('late');
  expect(nameOf('late-trips-6fwgdqjj85')).toBe('late-trips');
  expect([nameOf('late@2'), nameOf('late'), nameOf('a-longer-name')]).toEqual([
    ...['late@2', 'late', 'a-longer-name']
  ]);
});

it('tabs of one name are told apart by the kind, and runs by the end of their ids', () => {
  expect(tabTitle('late-6fwgdqjj85', 'run')).toBe('late · run jj85');
  expect(tabTitle('late-6fwgdqjj85', 'study')).toBe('late · study jj85');
  expect(tabTitle('late', 'endpoint')).toBe('late · endpoint');
  expect(tabTitle('late@2', 'model')).toBe('late@2 · model');
  expect(tabTitle('0123456789ab'.padEnd(64, 'c'), 'model')).toBe(
    '0123456789ab · model'
  );
});

it('a cell is counted so that its code has the lines of its tracebacks', () => {
  const cell = '%%kf train a\nx = 1\nraise y\n';
  expect(firstLine(cell, 'x = 1\nraise y', 2)).toBe(1); // its magic was line 1
  expect(firstLine(cell, 'x = 1\nraise y', 1)).toBe(0); // it had none
});
