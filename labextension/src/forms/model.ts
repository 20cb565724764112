/**
 * A launch form: fields from the verb's flags and JSON schema, what was typed, and the request.
 *
 * Pure. The server's spec decides what is right; here texts only become values.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import { whole } from '../services/json';
import type { Flag, Mistake, VerbPaper } from '../wire';
import type { Verb } from './verbs';

export type Group = 'basic' | 'more' | 'resources';
export type Control = 'text' | 'number' | 'choice' | 'switch' | 'list' | 'map' | 'some';

/** What completes a field: names of the store's things. */
export type Names = 'datasets' | 'transforms' | 'models' | 'runs' | 'cells';

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

/** So many names are listed at most. */
export const MOST_NAMED = 12;

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

/** What the name of a verb's own means, where it is that of something that exists. */
const OWN: Record<Verb, Names | null> = {
  train: null,
  tune: 'cells',
  serve: 'models',
  batch: 'models'
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
    fieldOf(flag, verb, resolved(properties[flag.field] ?? {}, $defs))
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

function fieldOf(flag: Flag, verb: Verb, schema: ISchemaPart): IField {
  const { field, choices } = flag;
  const basic = BASIC[verb];
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
    names: field === 'name' ? OWN[verb] : (NAMES[field] ?? null),
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

/** What a field has to offer that was asked for one: of a search, what its cell has. */
export interface IOffered {
  params: readonly string[];
  metric: readonly string[];
}

/** What else to know of a field, as a sentence: where paths begin, what its cell has. */
export function besides(
  { field }: IField,
  offered: IOffered,
  trans: TranslationBundle
): string {
  if (field === 'input' || field === 'output') {
    return trans.__('A path begins in the folder of the notebook that the cell is in.');
  }
  const few = offeredTo(field, offered).slice(0, MOST_NAMED).join(', ');
  return !few
    ? ''
    : field === 'params'
      ? trans.__('The cell has: %1.', few)
      : trans.__('The cell reported: %1.', few);
}

/** The names that complete a field of a search. */
export function offeredTo(field: string, offered: IOffered): readonly string[] {
  return field === 'params' || field === 'metric' ? offered[field] : [];
}

/** What there is to name, below a field that must have a name; nothing before that is known. */
export function thereAre(
  { names, required }: IField,
  known: readonly string[] | undefined,
  trans: TranslationBundle
): string {
  if (!names || !required || !known) {
    return '';
  }
  const few = known.slice(0, MOST_NAMED).join(', ');
  const some = known.length > MOST_NAMED ? `${few}, …` : few;
  if (names === 'cells') {
    return some
      ? trans.__('Train cells: %1.', some)
      : trans.__('No train cell was run yet.');
  }
  return some ? trans.__('Models: %1.', some) : trans.__('There is no model yet.');
}

/** A text as a sentence; one that begins with a name of the user's begins as that is written. */
export function sentence(text: string, names: ReadonlySet<string> = NO_NAMES): string {
  const own = names.has(/^[^\s:,]*/.exec(text)![0]);
  const capital = own ? text : text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) || !capital ? capital : `${capital}.`;
}

/**
 * What a unit says: examples of a value, a range, a form, the unit itself, or nothing that the
 * help has not said: what is counted is named there, and rows of a map show their parts.
 */
export function howWritten({
  unit,
  control,
  help
}: Pick<IField, 'unit' | 'control' | 'help'>):
  'no' | 'like' | 'range' | 'form' | 'unit' {
  if (!unit || unit === 'count' || control === 'map' || help.includes(unit)) {
    return 'no';
  }
  if (/\d to \d/.test(unit)) {
    return 'range';
  }
  return /\d/.test(unit) ? 'like' : /[/=[\]]/.test(unit) ? 'form' : 'unit';
}

const NO_NAMES: ReadonlySet<string> = new Set();

/** The names that the user gave in a form: of parameters and other pairs. */
export function namesIn(contents: Contents): ReadonlySet<string> {
  const pairs = Object.values(contents).flatMap(content =>
    Array.isArray(content) ? content.filter(one => Array.isArray(one)) : []
  );
  return new Set(pairs.map(([name]) => name.trim()).filter(Boolean));
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
      const large = field.whole ? whole(text) : undefined;
      const number = typeof large === 'bigint' ? large : Number(text);
      const good =
        typeof number === 'bigint' ||
        (Number.isFinite(number) && (!field.whole || Number.isInteger(number)));
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
  const number = whole(text);
  if (typeof number === 'bigint') {
    return number;
  }
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Mistakes by the field that each is about; under '' those that are about none of the form's. */
export function byField(
  problems: readonly Mistake[],
  fields: readonly IField[]
): Record<string, Mistake[]> {
  const known = new Set(fields.map(({ field }) => field));
  const found: Record<string, Mistake[]> = {};
  for (const mistake of problems) {
    const { field } = mistake;
    (found[field !== null && known.has(field) ? field : ''] ??= []).push(mistake);
  }
  return found;
}

/** What was kept of a form before the page was loaded again, as far as it still fits its fields. */
export function restored(fields: readonly IField[], kept: unknown): Contents {
  const empty = blank(fields);
  const known = (kept ?? {}) as Record<string, unknown>;
  return Object.fromEntries(
    fields.map(({ field, control }) => {
      const content = known[field];
      return [field, fits(control, content) ? content : empty[field]];
    })
  );
}

function fits(control: Control, content: unknown): content is Content {
  const isText = (one: unknown) => typeof one === 'string';
  const isPair = (one: unknown) =>
    Array.isArray(one) && one.length === 2 && one.every(isText);
  switch (control) {
    case 'switch':
      return typeof content === 'boolean';
    case 'list':
      return Array.isArray(content) && content.every(isText);
    case 'map':
      return Array.isArray(content) && content.every(isPair);
    default:
      return isText(content);
  }
}
