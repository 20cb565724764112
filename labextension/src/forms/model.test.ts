import type { Flag, VerbPaper } from '../wire';
import { blank, byField, fieldOfMistake, fieldsOf, literal, request } from './model';

function flag(field: string, more: Partial<Flag> = {}): Flag {
  return {
    field,
    flag: `--${field.replace(/_/g, '-')}`,
    shape: 'value',
    help: `${field}'s help`,
    unit: null,
    default: null,
    choices: [],
    positional: false,
    required: false,
    plain: true,
    ...more
  };
}

const PAPER: VerbPaper = {
  takes_code: true,
  positional: ['name'],
  flags: [
    flag('name', { flag: 'NAME', positional: true, required: true }),
    flag('seed', { default: 0 }),
    flag('cpu', { unit: '2, 0.5 or 500m' }),
    flag('params', { flag: '--param', shape: 'map', plain: false, unit: 'NAME=VALUE' }),
    flag('data'),
    flag('transform'),
    flag('env', { shape: 'map' }),
    flag('pickle', { shape: 'list' }),
    flag('combine', { shape: 'switch', default: true }),
    flag('maximize', { shape: 'switch or list', default: false }),
    flag('frame', { choices: ['pandas', 'polars'], default: 'pandas' })
  ],
  schema: {
    properties: {
      seed: { type: 'integer', minimum: 0 },
      cpu: { anyOf: [{ $ref: '#/$defs/Cpu' }, { type: 'null' }] }
    },
    $defs: { Cpu: { type: 'string' } }
  }
};

const fields = fieldsOf('train', PAPER);
const field = (name: string) => fields.find(one => one.field === name)!;
const ask = (contents: object) => request(fields, { ...blank(fields), ...contents });

describe('the fields of a form', () => {
  it('have controls by their types', () => {
    const controls = Object.fromEntries(fields.map(one => [one.field, one.control]));
    expect(controls).toEqual({
      name: 'text',
      params: 'map',
      seed: 'number',
      cpu: 'text',
      data: 'text',
      transform: 'text',
      env: 'map',
      pickle: 'list',
      combine: 'switch',
      maximize: 'some',
      frame: 'choice'
    });
  });

  it('are in groups: basic first, what a job may use folded away', () => {
    expect(fields.slice(0, 4).map(one => one.field)).toEqual([
      'name',
      'data',
      'transform',
      'params'
    ]);
    expect(field('cpu').group).toBe('resources');
    expect(field('seed').group).toBe('more');
  });

  it('show defaults', () => {
    expect(field('seed').fallback).toBe('0');
    expect(field('frame').fallback).toBe('pandas');
  });
});

describe('a request', () => {
  it('holds nothing that was left as it is, and says what is missing', () => {
    expect(ask({})).toEqual({ fields: {}, wrong: { name: 'missing' } });
  });

  it('holds values of the spec’s types', () => {
    const contents = {
      name: ' late ',
      seed: '7',
      params: [
        ['lr', '0.1'],
        ['kind', 'a b'],
        ['deep', 'True'],
        ['', '']
      ],
      env: [['N', '1']],
      pickle: ['', 'clf '],
      combine: false,
      maximize: '*',
      frame: 'polars'
    };
    expect(ask(contents)).toEqual({
      fields: {
        name: 'late',
        seed: 7,
        params: { lr: 0.1, kind: 'a b', deep: true },
        env: { N: '1' },
        pickle: ['clf'],
        combine: false,
        maximize: true,
        frame: 'polars'
      },
      wrong: {}
    });
  });

  it('takes metrics by name where some are to be maximized', () => {
    expect(ask({ name: 'a', maximize: ' auc, f1' }).fields['maximize']).toEqual([
      'auc',
      'f1'
    ]);
  });

  it('is not sent with a number that is none, or a value without a name', () => {
    expect(ask({ name: 'a', seed: '1.5', params: [['', '3']] }).wrong).toEqual({
      seed: 'number',
      params: 'name'
    });
  });
});

it('values of parameters are read as the command line reads them', () => {
  expect(['3', '[1, 2]', '"3"', 'None', 'word'].map(literal)).toEqual([
    3,
    [1, 2],
    '3',
    null,
    'word'
  ]);
});

describe('a refusal', () => {
  const mistake = (message: string, cause = '') => ({ message, cause });
  const contents = { ...blank(fields), cpu: 'lots' };

  it.each([
    ["train: `seed` can't be -1", 'seed'],
    ['train needs `name`', 'name'],
    ['--param a b names no value', 'params'],
    ["'lots' is no number of cores", 'cpu'],
    ['the store can’t be written', null]
  ])('%s belongs to %s', (message, name) => {
    expect(fieldOfMistake(mistake(message), fields, contents)).toBe(name);
  });

  it('of a thing that is not there belongs to the field of its kind', () => {
    const same = { ...contents, name: 'late', data: 'late', transform: 'later' };
    const about = (message: string) => fieldOfMistake(mistake(message), fields, same);
    expect(about('there is no dataset `late`')).toBe('data');
    expect(about('there is no transform `later`')).toBe('transform');
    expect(about('there is no model `late`')).toBe('name');
  });

  it('of several mistakes is told at each of their fields', () => {
    const problem = {
      code: 'kf-1004',
      message: "train: `seed` can't be -1; nobody is at home",
      cause: '\n  it should be 0 or more\n  they left',
      fix: 'see help'
    };
    const found = byField(problem, fields, contents);
    expect(Object.keys(found)).toEqual(['seed', '']);
    expect(found['seed'][0].cause).toBe('it should be 0 or more');
    expect(byField(null, fields, contents)).toEqual({});
  });
});
