import type { DatasetPaper } from '../wire';
import {
  bars,
  bins,
  chosen,
  files,
  profiled,
  profiledColumn,
  range,
  valueWords
} from './model';

const COLUMNS = {
  age: {
    type: 'int64',
    nulls: 25,
    distinct: 3,
    min: 1,
    max: 9,
    mean: 4,
    histogram: { low: 1, high: 9, counts: [1, 2, 3, 4] }
  },
  kind: {
    type: 'large_string',
    nulls: 0,
    distinct: 2,
    top: [
      { value: 'a', count: 70 },
      { value: '<b>', count: 30 }
    ],
    others: 0
  },
  ok: { type: 'bool', nulls: 10, distinct: 2, true: 60 },
  when: {
    type: 'timestamp[us]',
    nulls: 0,
    first: '2024-01-01T00:00:00',
    last: '2024-01-02T12:30:00',
    unit: 'us',
    histogram: { low: 0, high: 2e6, counts: [1, 1] }
  },
  none: { type: 'null', nulls: 100, distinct: 0 }
};

const paper = {
  thing: { manifest: { columns: [{ name: 'when' }, { name: 'age' }] } },
  profile: { rows: 100, columns: COLUMNS }
} as unknown as DatasetPaper;

const all = profiled(paper);
const column = (name: string) => all.find(one => one.name === name)!;

describe('a profile', () => {
  it('stands in the order of the rows’ own columns', () => {
    expect(all.map(({ name }) => name)).toEqual(['when', 'age', 'kind', 'ok', 'none']);
  });

  it('has shares of nulls, ranges and frequent values', () => {
    expect(column('age').nullShare).toBe(0.25);
    expect(range(column('age'))).toBe('1 – 9');
    expect(range(column('kind'))).toBe('a, <b>');
    expect(range(column('when'))).toBe('2024-01-01 – 2024-01-02 12:30:00');
    expect(range(column('ok'))).toBe('60 true');
    expect(range(column('none'))).toBe('');
    expect(column('kind').type).toBe('string'); // as the notebook's card has it
  });

  it('has bars for numbers, texts and switches, and none for nothing', () => {
    expect(bars(column('age'), 100)).toEqual([1, 2, 3, 4]);
    expect(bars(column('kind'), 100)).toEqual([70, 30]);
    expect(bars(column('ok'), 100)).toEqual([30, 60]);
    expect(bars(column('none'), 100)).toEqual([]);
  });

  it('is empty for files', () => {
    const folder = {
      thing: { manifest: {} },
      profile: null
    } as unknown as DatasetPaper;
    expect(profiled(folder)).toEqual([]);
  });
});

describe('bins', () => {
  it('are as wide as each other', () => {
    expect(bins(column('age'))[0]).toEqual({ from: 1, to: 3, count: 1 });
  });

  it('of times are in milliseconds', () => {
    expect(bins(column('when')).map(({ to }) => to)).toEqual([1000, 2000]);
  });

  it('of a single value have a width', () => {
    const alone = { ...column('age'), histogram: { low: 5, high: 5, counts: [7] } };
    expect(bins(alone)).toEqual([{ from: 4.5, to: 5.5, count: 7 }]);
  });
});

it('values of which nothing would be seen have words', () => {
  expect(['', '  ', 'a'].map(valueWords)).toEqual([
    '(empty text)',
    '(spaces alone)',
    'a'
  ]);
  const top = [
    { value: '', count: 3 },
    { value: 'fine', count: 1 }
  ];
  expect(range(profiledColumn('note', { type: 'string', top }, 4))).toBe(
    '(empty text), fine'
  );
});

it('columns are found by words of name and type, and sorted', () => {
  expect(chosen(all, 'INT', 'order', false).map(({ name }) => name)).toEqual(['age']);
  expect(chosen(all, '', 'nulls', true)[0].name).toBe('none');
  expect(all[0].name).toBe('when');
});

it('a folder has files with sizes', () => {
  const manifest = { form: 'folder', files: { 'a.png': { bytes: 3, digest: 'd' } } };
  expect(files(manifest)).toEqual([{ name: 'a.png', bytes: 3, digest: 'd' }]);
  expect(files({ form: 'rows' })).toEqual([]);
});

it('a column of numbers with more digits than JavaScript has keeps its ends', () => {
  const ids = {
    type: 'int64',
    min: '9007199254740993',
    max: '9223372036854775807',
    quantiles: ['9007199254740993', 9.1e18],
    histogram: { low: '9007199254740993', high: 9.3e18, counts: [1, 2] }
  };
  const column = profiledColumn('id', ids, 3);
  expect([column.low, column.high]).toEqual([
    '9,007,199,254,740,993',
    '9,223,372,036,854,775,807'
  ]);
  expect(column.histogram!.low + 1).toBeGreaterThan(9e15);
  expect(column.quantiles[0]).toBe(9007199254740992);
});
