import { folded, lineDiff } from './diff';

const told = (old: string, now: string) =>
  lineDiff(old, now).map(({ mark, text }) => mark + text);

it('lines that differ are marked, old before new; the others stay', () => {
  expect(told('a\nm = Boosted()\nz\n', 'a\nm = Linear()\nz\n')).toEqual([
    ' a',
    '-m = Boosted()',
    '+m = Linear()',
    ' z'
  ]);
  expect(told('a\nb\nc', 'b\nc\nd')).toEqual(['-a', ' b', ' c', '+d']);
  expect(told('a\n', 'a')).toEqual([' a']);
  expect(told('', 'a')).toEqual(['+a']);
});

it('whatever the texts, both can be read from the difference', () => {
  const lines = (seed: number) =>
    Array.from({ length: 60 }, (_, n) => 'abc'[(n * n * seed + n) % 3]).join('\n');
  for (let seed = 1; seed < 8; seed++) {
    const [old, now] = [lines(seed), lines(seed + 5)];
    const diff = lineDiff(old, now);
    const without = (mark: string) =>
      diff.filter(line => line.mark !== mark).map(({ text }) => text);
    expect(without('+').join('\n')).toBe(old);
    expect(without('-').join('\n')).toBe(now);
  }
});

it('texts too large to align are told one after the other, in no time', () => {
  const large = (word: string) =>
    Array.from({ length: 3000 }, (_, n) => `${word}${n}`).join('\n');
  const marks = lineDiff(large('a'), large('b')).map(({ mark }) => mark);
  expect([marks.length, marks[2999], marks[3000]]).toEqual([6000, '-', '+']);
});

it('only what is near a difference is shown; how much is left out is counted', () => {
  const long = Array.from({ length: 20 }, (_, n) => `line ${n}`);
  const diff = lineDiff(
    long.join('\n'),
    [...long.slice(0, 10), 'new', ...long.slice(10)].join('\n')
  );
  const shown = folded(diff, 2);
  expect(shown.map(part => (typeof part === 'number' ? part : part.text))).toEqual([
    8,
    ...['line 8', 'line 9', 'new', 'line 10', 'line 11'],
    8
  ]);
});
