import { nullTranslator } from '@jupyterlab/translation';
import { write } from '../services/json';
import type { Column, Endpoint } from '../wire';
import {
  checkedWords,
  columnOf,
  examples,
  filled,
  mendWords,
  movedBy,
  movedWords,
  noteOf,
  parsePasted,
  parseRow,
  seen,
  unusual
} from './form';

const trans = nullTranslator.load('jupyter_kf');

function column(name: string, type: string, more: Partial<Column> = {}): Column {
  const none = {
    nullable: false,
    example: null,
    categories: null,
    min: null,
    max: null,
    empty: null
  };
  return { name, type, ...none, ...more };
}

const COLUMNS = [
  column('km', 'double', { example: 2.123456789, min: 0, max: 10 }),
  column('stops', 'int64', { example: 3 }),
  column('zone', 'large_string', {
    categories: ['a', 'b'],
    example: 'a',
    empty: false
  }),
  column('vip', 'bool', { nullable: true })
];

describe('a row that is typed', () => {
  it('begins with what was common in training', () => {
    expect(examples(COLUMNS)).toEqual({ km: '2.1235', stops: '3', zone: 'a', vip: '' });
  });

  it('has values of the columns’ types, and null for what is left empty', () => {
    const typed = { km: ' 2.5 ', stops: '-3', zone: 'b', vip: '' };
    expect(parseRow(COLUMNS, typed, trans)).toEqual({
      row: { km: 2.5, stops: -3, zone: 'b', vip: null },
      wrong: {}
    });
  });

  it.each([
    ['km', 'many'],
    ['km', ''],
    ['km', 'Infinity'],
    ['stops', '2.5'],
    ['vip', 'yes']
  ])('says at its field that %s can’t be %p', (name, text) => {
    const typed = { ...examples(COLUMNS), [name]: text };
    expect(Object.keys(parseRow(COLUMNS, typed, trans).wrong)).toEqual([name]);
  });

  it('may be empty text where text is asked for', () => {
    expect(parseRow([COLUMNS[2]], { zone: '' }, trans).row).toEqual({ zone: '' });
  });
});

it('a value outside of what training saw is unusual, not wrong', () => {
  expect(unusual(COLUMNS[0], '11')).toBe(true);
  expect(unusual(COLUMNS[0], '9')).toBe(false);
  expect(unusual(COLUMNS[2], 'z')).toBe(true);
  expect(seen(COLUMNS[0], trans)).toBe('In training: 0 to 10');
  expect(noteOf(COLUMNS[0], '9', trans)).toBe('In training: 0 to 10');
  expect(noteOf(COLUMNS[0], '11', trans)).toBe(
    'Outside of what training saw. In training: 0 to 10'
  );
  expect(noteOf(COLUMNS[2], 'z', trans)).toBe(
    'Training never saw “z”. In training: a, b'
  );
});

it('an empty field says what to do, or that training never saw it empty', () => {
  const { wrong } = parseRow(COLUMNS, { km: '', stops: '', zone: '', vip: '' }, trans);
  expect(wrong).toEqual({
    km: 'It was never empty in training, so a value is needed. Type one, such as 2.1235.',
    stops: 'It was never empty in training, so a value is needed. Type one, such as 3.'
  });
  expect(unusual(COLUMNS[2], ' ')).toBe(true);
  expect(noteOf(COLUMNS[2], '', trans)).toBe(
    'Training never saw an empty text here. In training: a, b'
  );
  const note = (more: Partial<Column>) => unusual(column('note', 'string', more), '');
  expect(note({ empty: true })).toBe(false);
  expect(note({ empty: null })).toBe(false); // nobody knows
  expect(note({ empty: false, nullable: true })).toBe(false);
  expect(note({ empty: false })).toBe(true);
});

it('a refusal is shown at the column that it names', () => {
  const problem = {
    code: 'kf-2312',
    message: 'row 0: `stops` is a text',
    cause: '',
    fix: ''
  };
  expect(columnOf(problem, COLUMNS)).toBe('stops');
  expect(columnOf({ ...problem, message: 'no rows' }, COLUMNS)).toBeNull();
});

it('a check names the version that it was for', () => {
  expect(checkedWords(2, true, trans)).toContain('version 2 computes what training');
  expect(checkedWords(3, false, trans)).toContain('version 3 differs');
});

it('a roll back says which version has the traffic, or will have it, and then is silent', () => {
  const said = (
    asked: number,
    as: number,
    now: Partial<Endpoint>,
    starting: number[]
  ) => {
    const versions = [1, 2, 3].map(n => ({ n }));
    const endpoint = { state: 'READY', versions, ...now } as Endpoint;
    return movedWords({ asked, as }, { endpoint, starting }, trans);
  };
  expect(said(1, 1, { version: 1 }, [])).toBe('Version 1 has the traffic.');
  expect(said(1, 1, { version: 2 }, [])).toBe(''); // moved on since
  const anew = 'Version 1 is started again, as version 3';
  expect(said(1, 3, { version: 2 }, [3])).toBe(
    `${anew}; it takes the traffic once proven.`
  );
  expect(said(1, 3, { version: 3 }, [])).toBe(`${anew}, which has the traffic.`);
  expect(said(1, 3, { version: 2 }, [])).toBe(''); // it failed: its run says why
  expect(said(1, 4, { version: 2 }, [])).toContain('as version 4; it takes');
});

it('what a roll back led to is the version itself where it still ran, else the newest', () => {
  const versions = [1, 2, 3].map(n => ({ n }));
  const led = (state: string, version: number) =>
    movedBy(1, { state, version, versions } as unknown as Endpoint);
  expect(led('READY', 1)).toEqual({ asked: 1, as: 1 });
  expect(led('READY', 2)).toEqual({ asked: 1, as: 3 });
  expect(led('CANCELLED', 1)).toEqual({ asked: 1, as: 3 });
});

it('pasted numbers are sent as they were typed', () => {
  const text = '[{"id": 9007199254740993, "km": 1e400, "low": 0.10}]';
  expect(parsePasted(text, trans)).toEqual({ rows: text });
});

it('a whole number of any size is sent as it was typed', () => {
  const id = column('id', 'int64');
  const { row, wrong } = parseRow([id], { id: '9007199254740993' }, trans);
  expect([write(row), wrong]).toEqual(['{"id":9007199254740993}', {}]);
  expect(parseRow([id], { id: '1.5' }, trans).wrong).toHaveProperty('id');
});

it('pasted text that is no JSON says where, and what to look for', () => {
  const told = parsePasted('[\n {"km": 1,\n  zone: "a"}]', trans);
  expect(told).toEqual({
    wrong: expect.stringMatching(
      /^This is no JSON from line 3, column 3 on: zone: "a"\}\]\nNames and texts/
    )
  });
  expect(parsePasted('[{"km": 1', trans)).toEqual({
    wrong: expect.stringMatching(/ends too early\.\n/)
  });
});

it('pasted text is rows, or says why not', () => {
  expect(parsePasted('[{"km": 1}]', trans)).toEqual({ rows: '[{"km": 1}]' });
  expect(parsePasted('3', trans)).toHaveProperty('wrong');
  expect(parsePasted('{', trans)).toHaveProperty('wrong');
});

describe('a form that is open when another version gets the traffic', () => {
  it('has its columns: those that came with their example, what was typed where it was', () => {
    const typed = { ...examples(COLUMNS), km: '7', zone: '' };
    const now = [...COLUMNS.slice(1, 3), column('hour', 'int64', { example: 8 })];
    expect(filled(now, typed)).toEqual({ stops: '3', zone: '', hour: '8' });
    expect(filled(COLUMNS, typed)).toEqual(typed); // and back
  });
});

it('which fields are to be mended is said in their order, few by name', () => {
  const wrong = (...names: string[]) =>
    mendWords(COLUMNS, Object.fromEntries(names.map(name => [name, 'no'])), trans);
  expect(wrong()).toBe('');
  expect(wrong('zone')).toBe('1 field is to be mended: zone');
  expect(wrong('vip', 'zone', 'km', 'stops')).toBe(
    '4 fields are to be mended: km, stops, zone, …'
  );
});
