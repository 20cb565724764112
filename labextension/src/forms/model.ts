/**
 * A launch form: fields from the verb's flags and JSON schema, what was typed, and the request.
 *
 * Pure. The server's spec decides what is right; here texts only become values.
 */
import { type IMistake, mistakes } from '../ui/problems';
import type { Flag, Problem, VerbPaper } from '../wire';
import type { Verb } from './verbs';

export type Group = 'basic' | 'more' | 'resources';
export type Control = 'text' | 'number' | 'choice' | 'switch' | 'list' | 'map' | 'some';

/** What completes a field: names of the store's things. */
export type Names = 'datasets' | 'transforms' | 'models' | 'runs';

export interface IField {
  field: string;
  flag: string;
  control: Control;
  group: Group;
  help: string;
  unit: string | null;
  required: boolean;
  choices: readonly string[];
  /** As it is typed; empty for none. */
  fallback: string;
  names: Names | null;
  /** A map's values stay texts. */
  plain: boolean;
  /** A number without a fraction. */
  whole: boolean;
  minimum: number | null;
  maximum: number | null;
}

/** One field's content: a text, a switch, several texts, or names with values. */
export type Content = string | boolean | string[] | [string, string][];
export type Contents = Record<string, Content>;

/** What most people set, in this order; the rest of a verb's own fields are under "More". */
const BASIC: Record<Verb, readonly string[]> = {
  train: ['name', 'data', 'transform', 'target', 'params'],
  tune: ['name', 'params', 'metric', 'maximize', 'trials', 'parallel', 'early_stop'],
  serve: ['name', 'model'],
  batch: ['name', 'input', 'output', 'model']
};

/** Fields that every job has: what it may use of a machine. */
const RESOURCES = new Set([
  'cpu',
  'memory',
  'gpu',
  'nodes',
  'runtime',
  'image',
  'volumes',
  'env',
  'queue',
  'time_limit',
  'pickle'
]);

const NAMES: Record<string, Names> = {
  data: 'datasets',
  transform: 'transforms',
  model: 'models',
  run: 'runs'
};

interface ISchemaPart {
  type?: string;
  minimum?: number;
  maximum?: number;
  anyOf?: ISchemaPart[];
  $ref?: string;
}

export function fieldsOf(verb: Verb, paper: VerbPaper): IField[] {
  const { properties = {}, $defs = {} } = paper.schema as {
    properties?: Record<string, ISchemaPart>;
    $defs?: Record<string, ISchemaPart>;
  };
  const basic = BASIC[verb];
  const fields = paper.flags.map(flag =>
    fieldOf(flag, basic, resolved(properties[flag.field] ?? {}, $defs))
  );
  const place = (field: IField) =>
    basic.includes(field.field) ? basic.indexOf(field.field) : basic.length;
  return fields.sort((a, b) => place(a) - place(b));
}

/** The part of a schema that has a type, where null is one of several. */
function resolved(part: ISchemaPart, defs: Record<string, ISchemaPart>): ISchemaPart {
  if (part.$ref) {
    return resolved(defs[part.$ref.split('/').pop()!] ?? {}, defs);
  }
  const some = part.anyOf
    ?.map(one => resolved(one, defs))
    .find(one => one.type !== 'null');
  return some ? { ...some, ...part, type: some.type } : part;
}

function fieldOf(flag: Flag, basic: readonly string[], schema: ISchemaPart): IField {
  const { field, choices } = flag;
  const whole = schema.type === 'integer';
  const numeric = whole || schema.type === 'number';
  const controls: Record<string, Control> = {
    switch: 'switch',
    list: 'list',
    map: 'map',
    'switch or list': 'some'
  };
  const control =
    controls[flag.shape] ?? (choices.length ? 'choice' : numeric ? 'number' : 'text');
  return {
    field,
    flag: flag.flag,
    control,
    group:
      basic.includes(field) || flag.required
        ? 'basic'
        : RESOURCES.has(field)
          ? 'resources'
          : 'more',
    help: flag.help,
    unit: flag.unit,
    required: flag.required,
    choices,
    fallback: plainDefault(flag.default),
    names: NAMES[field] ?? null,
    plain: flag.plain,
    whole,
    minimum: schema.minimum ?? null,
    maximum: schema.maximum ?? null
  };
}

function plainDefault(value: unknown): string {
  const empty = value === null || value === undefined || typeof value === 'object';
  return empty ? '' : String(value);
}

/** An untouched form. */
export function blank(fields: readonly IField[]): Contents {
  return Object.fromEntries(fields.map(field => [field.field, blankOf(field)]));
}

function blankOf({ control, required, fallback }: IField): Content {
  switch (control) {
    case 'switch':
      return fallback === 'true';
    case 'list':
      return required ? [''] : [];
    case 'map':
      return required ? [['', '']] : [];
    default:
      return '';
  }
}

export interface IRequest {
  fields: Record<string, unknown>;
  /** What is missing or no number, by field: said here, before the server is asked. */
  wrong: Record<string, 'missing' | 'number' | 'name'>;
}

/** The fields as the spec takes them; what was left empty has its default. */
export function request(fields: readonly IField[], contents: Contents): IRequest {
  const asked: IRequest = { fields: {}, wrong: {} };
  for (const field of fields) {
    const value = valueOf(field, contents[field.field] ?? blankOf(field));
    if (value === NOTHING) {
      if (field.required) {
        asked.wrong[field.field] = 'missing';
      }
    } else if (value === NO_NUMBER) {
      asked.wrong[field.field] = 'number';
    } else if (value === NO_NAME) {
      asked.wrong[field.field] = 'name';
    } else {
      asked.fields[field.field] = value;
    }
  }
  return asked;
}

const NOTHING = Symbol('nothing');
const NO_NUMBER = Symbol('no number');
const NO_NAME = Symbol('no name');

function valueOf(field: IField, content: Content): unknown {
  switch (field.control) {
    case 'switch':
      return String(content) === (field.fallback || 'false') ? NOTHING : content;
    case 'list': {
      const given = (content as string[]).map(text => text.trim()).filter(Boolean);
      return given.length ? given : NOTHING;
    }
    case 'some': {
      const text = String(content).trim();
      const named = text.split(/[\s,]+/).filter(Boolean);
      return text === '' ? NOTHING : text === '*' ? true : named;
    }
    case 'map':
      return mapOf(field, content as [string, string][]);
    case 'number': {
      const text = String(content).trim();
      const number = Number(text);
      const good =
        Number.isFinite(number) && (!field.whole || Number.isInteger(number));
      return text === '' ? NOTHING : good ? number : NO_NUMBER;
    }
    default:
      return String(content).trim() || NOTHING;
  }
}

function mapOf(field: IField, rows: [string, string][]): unknown {
  const given = rows.map(([name, value]) => [name.trim(), value.trim()] as const);
  const full = given.filter(([name, value]) => name || value);
  if (full.some(([name]) => !name)) {
    return NO_NAME;
  }
  const pairs = full.map(([name, value]) => [
    name,
    field.plain ? value : literal(value)
  ]);
  return pairs.length ? Object.fromEntries(pairs) : NOTHING;
}

/** As `--param NAME=VALUE` reads a value: a number, true, false, none, JSON; a text otherwise. */
export function literal(text: string): unknown {
  const words: Record<string, unknown> = { True: true, False: false, None: null };
  if (text in words) {
    return words[text];
  }
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/**
 * The field that a mistake is about; null when it is about none of them.
 *
 * The server's sentences name a field in backticks or by its flag, or quote the value that was
 * given: whole before in part, and of two fields with one value that of the kind that is named.
 */
export function fieldOfMistake(
  { message, cause }: Pick<IMistake, 'message' | 'cause'>,
  fields: readonly IField[],
  contents: Contents
): string | null {
  const told = `${message} ${cause}`;
  const quoted = [...told.matchAll(/`([^`]+)`/g)].map(match => match[1]);
  const named = fields.find(({ field }) =>
    quoted.some(word => word.split('.')[0] === field)
  );
  if (named) {
    return named.field;
  }
  const flagged = fields.find(({ flag }) => new RegExp(`${flag}(?![\\w-])`).test(told));
  if (flagged && flagged.flag.startsWith('-')) {
    return flagged.field;
  }
  const whole = fields.filter(({ field }) =>
    textsIn(contents[field]).some(text => quoted.includes(text))
  );
  const meant = whole.find(
    ({ names }) => names && message.includes(names.slice(0, -1))
  );
  const holds = fields.find(({ field }) =>
    textsIn(contents[field]).some(text => text.length > 1 && told.includes(text))
  );
  return (meant ?? whole[0] ?? holds)?.field ?? null;
}

/** Mistakes by the field that each is about; under '' those that are about none. */
export function byField(
  problem: Problem | null,
  fields: readonly IField[],
  contents: Contents
): Record<string, IMistake[]> {
  const found: Record<string, IMistake[]> = {};
  for (const mistake of problem ? mistakes(problem) : []) {
    (found[fieldOfMistake(mistake, fields, contents) ?? ''] ??= []).push(mistake);
  }
  return found;
}

function textsIn(content: Content | undefined): string[] {
  if (Array.isArray(content)) {
    return content.flat().map(text => text.trim());
  }
  return typeof content === 'string' ? [content.trim()] : [];
}
