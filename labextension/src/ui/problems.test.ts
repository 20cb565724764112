import { mistakes } from './problems';

it('one mistake is itself', () => {
  const problem = { message: 'a; b', cause: 'because; so', fix: 'mend it' };
  expect(mistakes(problem)).toEqual([problem]);
});

it('several are told apart, with what they have in common', () => {
  const problem = { message: 'a; b', cause: '\n  why a\n  why b', fix: 'see help' };
  expect(mistakes(problem)).toEqual([
    { message: 'a', cause: 'why a', fix: 'see help' },
    { message: 'b', cause: 'why b', fix: 'see help' }
  ]);
  const own = { ...problem, fix: '\n  mend a\n  mend b' };
  expect(mistakes(own).map(one => one.fix)).toEqual(['mend a', 'mend b']);
});
