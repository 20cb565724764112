/** A row as people type it: texts to values by the endpoint's schema, and what does not fit. Pure. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { whole } from '../services/json';
import type { Column, Endpoint, EndpointPaper, Problem } from '../wire';

export type Kind = 'number' | 'whole' | 'switch' | 'time' | 'text';

/** What stands in the form: texts; a missing value is the empty text. */
export type Typed = Record<string, string>;

export interface IParsed {
  row: Record<string, unknown>;
  /** Why a column's text can't be sent, by its name. */
  wrong: Record<string, string>;
}

export function kindOf({ type }: Column): Kind {
  const name = type.toLowerCase();
  if (/bool/.test(name)) {
    return 'switch';
  }
  if (/^u?int/.test(name)) {
    return 'whole';
  }
  if (/float|double|decimal/.test(name)) {
    return 'number';
  }
  return /timestamp|date|time/.test(name) ? 'time' : 'text';
}

/** The form at first: a value of each column that was common in training. */
export function examples(columns: readonly Column[]): Typed {
  return Object.fromEntries(
    columns.map(column => [column.name, asText(column.example)])
  );
}

/** What stands in the fields of these columns: what is kept of others, else examples. */
export function filled(columns: readonly Column[], kept: Typed): Typed {
  const fresh = examples(columns);
  return Object.fromEntries(
    Object.entries(fresh).map(([name, example]) => [name, kept[name] ?? example])
  );
}

const MOST_NAMED = 3;

/** How many fields are wrong, and which: they may be out of sight. */
export function mendWords(
  columns: readonly Column[],
  wrong: IParsed['wrong'],
  trans: TranslationBundle
): string {
  const names = columns.map(({ name }) => name).filter(name => name in wrong);
  const few = names.slice(0, MOST_NAMED).join(', ');
  const named = names.length > MOST_NAMED ? `${few}, …` : few;
  return names.length
    ? trans._n(
        '%1 field is to be mended: %2',
        '%1 fields are to be mended: %2',
        names.length,
        named
      )
    : '';
}

function asText(value: unknown): string {
  if (typeof value === 'number' && !Number.isInteger(value)) {
    return String(Number(value.toPrecision(5)));
  }
  return value === null || value === undefined ? '' : String(value);
}

/** What was typed as one row. */
export function parseRow(
  columns: readonly Column[],
  typed: Typed,
  trans: TranslationBundle
): IParsed {
  const row: IParsed['row'] = {};
  const wrong: IParsed['wrong'] = {};
  for (const column of columns) {
    const text = (typed[column.name] ?? '').trim();
    if (text === '' && !(kindOf(column) === 'text' && !column.nullable)) {
      if (column.nullable) {
        row[column.name] = null;
      } else {
        wrong[column.name] = needed(column, trans);
      }
      continue;
    }
    const value = valueOf(kindOf(column), text);
    if (value === undefined) {
      wrong[column.name] = expected(kindOf(column), trans);
    } else {
      row[column.name] = value;
    }
  }
  return { row, wrong };
}

/** What to do about a field that may not be empty. */
function needed(column: Column, trans: TranslationBundle): string {
  const example = asText(column.example);
  const why = trans.__('It was never empty in training, so a value is needed.');
  return example ? `${why} ${trans.__('Type one, such as %1.', example)}` : why;
}

function valueOf(kind: Kind, text: string): unknown {
  if (kind === 'switch') {
    return text === 'true' ? true : text === 'false' ? false : undefined;
  }
  if (kind === 'whole') {
    return whole(text);
  }
  if (kind === 'number') {
    return Number.isFinite(Number(text)) ? Number(text) : undefined;
  }
  return text;
}

function expected(kind: Kind, trans: TranslationBundle): string {
  switch (kind) {
    case 'whole':
      return trans.__('A whole number, such as 3.');
    case 'number':
      return trans.__('A number, such as 2.5.');
    case 'switch':
      return trans.__('true or false.');
    default:
      return trans.__('Another kind of value.');
  }
}

/** What a column held in training, in a few words. */
export function seen(column: Column, trans: TranslationBundle): string {
  if (column.min !== null && column.max !== null) {
    return trans.__('In training: %1 to %2', brief(column.min), brief(column.max));
  }
  if (column.categories) {
    const few = column.categories.slice(0, 6).join(', ');
    return column.categories.length > 6
      ? trans.__('In training: %1, …', few)
      : trans.__('In training: %1', few);
  }
  return '';
}

function brief(value: number | string): string {
  const number = Number(value);
  return typeof value === 'number' || Number.isFinite(number)
    ? String(Number(number.toPrecision(4)))
    : value.replace('T', ' ').replace(/\.\d+$/, '');
}

/** What is said below a field: what training saw, or that it never saw this. */
export function noteOf(column: Column, text: string, trans: TranslationBundle): string {
  const known = seen(column, trans);
  if (emptyText(column, text)) {
    return trans.__('Training never saw an empty text here. %1', known).trim();
  }
  if (!unusual(column, text)) {
    return known;
  }
  return column.categories && kindOf(column) === 'text'
    ? trans.__('Training never saw “%1”. %2', text.trim(), known)
    : trans.__('Outside of what training saw. %1', known);
}

/** Is a value one that training never saw? Not wrong, but worth a word. */
export function unusual(column: Column, text: string): boolean {
  if (text.trim() === '') {
    return emptyText(column, text);
  }
  const kind = kindOf(column);
  if (kind === 'number' || kind === 'whole') {
    const [value, low, high] = [text, column.min ?? NaN, column.max ?? NaN].map(Number);
    return value < low || value > high;
  }
  return (
    kind === 'text' && !!column.categories && !column.categories.includes(text.trim())
  );
}

/** Is it the empty text, in a column that has neither that nor missing values? */
function emptyText(column: Column, text: string): boolean {
  const never = !column.nullable && column.empty === false;
  return text.trim() === '' && kindOf(column) === 'text' && never;
}

/** Which version was asked for, and the one that is to have the traffic for it. */
export interface IMoved {
  asked: number;
  as: number;
}

/** What was asked for led to: a version that still ran has the traffic, another is started anew. */
export function movedBy(asked: number, { state, version, versions }: Endpoint): IMoved {
  const at_once = version === asked && state === 'READY';
  return { asked, as: at_once ? asked : Math.max(...versions.map(({ n }) => n)) };
}

/** How that stands now; empty once another was given the traffic, or it came to nothing. */
export function movedWords(
  { asked, as }: IMoved,
  { endpoint, starting }: Pick<EndpointPaper, 'endpoint' | 'starting'>,
  trans: TranslationBundle
): string {
  const { version, state, versions } = endpoint;
  if (version === as && state === 'READY') {
    return asked === as
      ? trans.__('Version %1 has the traffic.', as)
      : trans.__(
          'Version %1 is started again, as version %2, which has the traffic.',
          asked,
          as
        );
  }
  const known = versions.some(({ n }) => n === as); // else it is not even on the page yet
  return known && !starting.includes(as)
    ? ''
    : trans.__(
        'Version %1 is started again, as version %2; it takes the traffic once proven.',
        asked,
        as
      );
}

/** How a check of a version went that has not got the traffic any more. */
export function checkedWords(
  version: number,
  ok: boolean,
  trans: TranslationBundle
): string {
  return ok
    ? trans.__('Checked: version %1 computes what training computed.', version)
    : trans.__('Checked: version %1 differs from training.', version);
}

/** The column that an error of the endpoint is about; null when it is about none. */
export function columnOf(problem: Problem, columns: readonly Column[]): string | null {
  const told = `${problem.message} ${problem.cause}`;
  const named = [...told.matchAll(/[`'"]([^`'"]+)[`'"]/g)].map(match => match[1]);
  return named.find(name => columns.some(column => column.name === name)) ?? null;
}

/**
 * Rows as they were pasted: a record, a list of records, or columns as lists.
 *
 * Checked as JSON and sent as they are: JavaScript has no number for 9007199254740993 or 1e400.
 */
export function parsePasted(
  text: string,
  trans: TranslationBundle
): { rows: string } | { wrong: string } {
  try {
    const rows: unknown = JSON.parse(text);
    return rows !== null && typeof rows === 'object'
      ? { rows: text }
      : { wrong: trans.__('A row is an object, such as {"km": 2.5}.') };
  } catch (failure) {
    return { wrong: noJson(text, String((failure as Error).message), trans) };
  }
}

/** Where a text stops being JSON, which the browser says in its own words, and what to look for. */
function noJson(text: string, said: string, trans: TranslationBundle): string {
  const fix = trans.__(
    'Names and texts stand in double quotes, commas between entries, and null for no value.'
  );
  const told = /line (\d+) column (\d+)/.exec(said);
  const position = /position (\d+)/.exec(said);
  const before = text
    .slice(0, position ? Number(position[1]) : text.length)
    .split('\n');
  const line = told ? Number(told[1]) : before.length;
  const column = told ? Number(told[2]) : before[before.length - 1].length + 1;
  const rest = (text.split('\n')[line - 1] ?? '').slice(column - 1).trim();
  const where = rest
    ? trans.__('This is no JSON from line %1, column %2 on: %3', line, column, rest)
    : trans.__('This is no JSON: it ends too early.');
  return `${where}\n${fix}`;
}
