import { nullTranslator } from '@jupyterlab/translation';
import type { Flag, VerbPaper } from '../wire';
import {
  besides,
  blank,
  byField,
  fieldsOf,
  howWritten,
  type IField,
  literal,
  namesIn,
  request,
  restored,
  sentence,
  thereAre
} from './model';

const trans = nullTranslator.load('jupyter_kf');

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

it('mistakes stand at their fields, and those of no field of the form by themselves', () => {
  const mistake = (field: string | null, message: string) => ({
    code: 'kf-1004',
    message,
    cause: '',
    fix: '',
    field
  });
  const told = [
    mistake('seed', 'too small'),
    mistake('data', 'not there'),
    mistake('seed', 'odd'),
    mistake(null, 'the store is full'),
    mistake('elsewhere', 'unknown')
  ];
  const found = byField(told, fields);
  expect(found['seed'].map(({ message }) => message)).toEqual(['too small', 'odd']);
  expect(found['data']).toHaveLength(1);
  expect(found['']).toHaveLength(2);
  expect(byField([], fields)).toEqual({});
});

it('what was kept comes back as far as it still fits', () => {
  const kept = {
    name: 'late',
    params: [['lr', '0.1']],
    pickle: ['clf'],
    combine: false,
    env: [['one']],
    seed: 7,
    gone: 'x'
  };
  const back = restored(fields, kept);
  expect(back).toEqual({
    ...blank(fields),
    ...kept,
    env: [],
    seed: '',
    gone: undefined
  });
  expect(restored(fields, null)).toEqual(blank(fields));
});

it('help is a sentence, and says how a value is written where that is not in it', () => {
  expect(sentence('ended after this long')).toBe('Ended after this long.');
  expect(sentence('Why?')).toBe('Why?');
  const how = (
    unit: string | null,
    help = 'a help',
    control: 'text' | 'map' = 'text'
  ) => howWritten({ unit, help, control });
  expect(how('2, 0.5 or 500m')).toBe('like');
  expect(how('0 to 1')).toBe('range');
  expect(how('train/valid[/test]')).toBe('form');
  expect(how('ulp')).toBe('unit');
  for (const nothing of [
    how('rows', 'most rows of one request'),
    how('count'),
    how(null),
    how('NAME=VALUE', 'a help', 'map')
  ]) {
    expect(nothing).toBe('no');
  }
});

describe('the name of a form', () => {
  const own = (verb: 'train' | 'tune' | 'serve') =>
    fieldsOf(verb, PAPER).find(({ field }) => field === 'name')!;

  it('is of a train cell where one is searched: those that there are stand below', () => {
    expect(own('tune').names).toBe('cells');
    expect(thereAre(own('tune'), ['delay', 'late'], trans)).toBe(
      'Train cells: delay, late.'
    );
    expect(thereAre(own('tune'), [], trans)).toBe('No train cell was run yet.');
    expect(thereAre(own('tune'), undefined, trans)).toBe(''); // not known yet
    const many = Array.from({ length: 20 }, (_, n) => `m${n}`);
    expect(thereAre(own('serve'), many, trans)).toMatch(/^Models: m0, .*m11, …\.$/);
  });

  it('is free where the cell is new, and other fields list nothing unasked', () => {
    expect(thereAre(own('train'), ['delay'], trans)).toBe('');
    const data = fieldsOf('train', PAPER).find(({ field }) => field === 'data')!;
    expect(thereAre(data, ['trips'], trans)).toBe('');
  });
});

it('a search’s fields say what its cell has, and paths where they begin', () => {
  const of = (field: string, offered = { params: ['lr', 'depth'], metric: ['auc'] }) =>
    besides({ field } as IField, offered, trans);
  expect(of('params')).toBe('The cell has: lr, depth.');
  expect(of('metric')).toBe('The cell reported: auc.');
  expect(of('metric', { params: [], metric: [] })).toBe('');
  expect(of('output')).toContain('folder of the notebook');
  expect(of('trials')).toBe('');
});

it('a name of the user’s is written as he wrote it, at the beginning of a sentence too', () => {
  const own = namesIn({
    params: [
      ['tiefe', '5'],
      [' lr ', '']
    ],
    name: 'a',
    metric: ['b']
  });
  expect([...own]).toEqual(['tiefe', 'lr']);
  expect(sentence('tiefe: 5 is not below 1', own)).toBe('tiefe: 5 is not below 1.');
  expect(sentence('lr is no number', own)).toBe('lr is no number.');
  expect(sentence('there is no space', own)).toBe('There is no space.');
});

it('a parameter with more digits than JavaScript has is asked for as it was typed', () => {
  expect(literal('9007199254740993')).toBe(9007199254740993n);
  expect(literal('3')).toBe(3);
});
