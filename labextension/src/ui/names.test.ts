import { firstLine, nameOf } from './names';

it('a run is called by its name, whoever knows its row; other things as they are', () => {
  expect(nameOf('late-6fwgdqjj85')).toBe('late');
  expect(nameOf('late-trips-6fwgdqjj85')).toBe('late-trips');
  expect([nameOf('late@2'), nameOf('late'), nameOf('a-longer-name')]).toEqual([
    ...['late@2', 'late', 'a-longer-name']
  ]);
});

it('a cell is counted so that its code has the lines of its tracebacks', () => {
  const cell = '%%kf train a\nx = 1\nraise y\n';
  expect(firstLine(cell, 'x = 1\nraise y', 2)).toBe(1); // its magic was line 1
  expect(firstLine(cell, 'x = 1\nraise y', 1)).toBe(0); // it had none
});
