/** What a study's page shows, made from its trials. Pure: no widgets, no requests. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { toNumber } from '../ui/format';
import { history, valueOf } from '../ui/history';
import type { Study, Trial } from '../wire';

export interface IAxis {
  name: string;
  kind: 'number' | 'choice';
  log: boolean;
  low: number;
  high: number;
  /** In their order, for a choice. */
  choices: string[];
}

export interface ILine {
  trial: number;
  value: number;
  /** Where it crosses each axis, 0 to 1; NaN where the trial has no such parameter. */
  at: number[];
}

export type SortKey =
  'number' | 'state' | 'took' | `metric ${string}` | `param ${string}`;

/** All parameters of the study, as the space names them, then others that trials had. */
export function parameters(study: Study, space: Record<string, string>): string[] {
  const named = Object.keys(space);
  const had = study.trials.flatMap(trial => Object.keys(trial.params));
  return [...new Set([...named, ...had])];
}

/** An axis for each parameter that varies, and one for the metric at the end. */
export function axes(
  study: Study,
  space: Record<string, string>,
  metric: number
): IAxis[] {
  const found = parameters(study, space).map(name =>
    axisOf(
      name,
      study.trials
        .map(trial => trial.params[name])
        .filter(value => value !== undefined),
      (space[name] ?? '').startsWith('log')
    )
  );
  const values = study.trials
    .map(trial => valueOf(trial, metric))
    .filter(Number.isFinite);
  const last = axisOf(study.metrics[metric], values, false);
  return [
    ...found.filter(axis => axis.low < axis.high || axis.choices.length > 1),
    last
  ];
}

function axisOf(name: string, values: unknown[], asLog: boolean): IAxis {
  const numbers = values.every(value => typeof value === 'number');
  if (numbers) {
    const known = (values as number[]).filter(Number.isFinite);
    const low = known.reduce((a, b) => Math.min(a, b), Infinity);
    const high = known.reduce((a, b) => Math.max(a, b), -Infinity);
    return { name, kind: 'number', log: asLog && low > 0, low, high, choices: [] };
  }
  const choices = [...new Set(values.map(String))].sort();
  return {
    name,
    kind: 'choice',
    log: false,
    low: 0,
    high: choices.length - 1,
    choices
  };
}

/** Where a value stands on an axis: 0 at its lower end, 1 at its upper. */
export function position(axis: IAxis, value: unknown): number {
  if (axis.kind === 'choice') {
    const at = value === undefined ? -1 : axis.choices.indexOf(String(value));
    return at < 0
      ? NaN
      : axis.choices.length < 2
        ? 0.5
        : at / (axis.choices.length - 1);
  }
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    return NaN;
  }
  const [low, high, at] = axis.log
    ? [Math.log(axis.low), Math.log(axis.high), Math.log(value)]
    : [axis.low, axis.high, value];
  return high > low ? (at - low) / (high - low) : 0.5;
}

/** A line for each finished trial, across the axes (the last of which is the metric's). */
export function parallels(study: Study, all: IAxis[], metric: number): ILine[] {
  return study.trials
    .filter(trial => Number.isFinite(valueOf(trial, metric)))
    .map(trial => {
      const value = valueOf(trial, metric);
      const at = all.map((axis, index) =>
        position(axis, index === all.length - 1 ? value : trial.params[axis.name])
      );
      return { trial: trial.number, value, at };
    });
}

/** So many trials are named. */
const MOST_NAMED = 8;

/** Which trials have no line for they failed before they had a value; empty where none did. */
export function withoutLine(
  study: Study,
  metric: number,
  trans: TranslationBundle
): string {
  const { failed } = history(study, metric);
  const more = failed.length - MOST_NAMED;
  const named = failed.slice(0, MOST_NAMED).join(', ');
  const told = more > 0 ? trans.__('%1 and %2 more', named, more) : named;
  return failed.length
    ? trans._n(
        'Trial %2 failed, so it has no line.',
        '%1 trials failed, so they have no line: %2.',
        failed.length,
        told
      )
    : '';
}

/** Trials in the order of a column; those without a value stand last either way. */
export function sorted(study: Study, key: SortKey, descending: boolean): Trial[] {
  const value = keyOf(study, key);
  const sign = descending ? -1 : 1;
  return [...study.trials].sort((a, b) => {
    const [one, other] = [value(a), value(b)];
    const [none, noOther] = [isNothing(one), isNothing(other)];
    if (none || noOther) {
      return Number(none) - Number(noOther) || a.number - b.number;
    }
    const order = compare(one, other);
    return order ? order * sign : a.number - b.number;
  });
}

function keyOf(study: Study, key: SortKey): (trial: Trial) => unknown {
  if (key.startsWith('metric ')) {
    const at = study.metrics.indexOf(key.slice('metric '.length));
    return trial => valueOf(trial, at);
  }
  if (key.startsWith('param ')) {
    const name = key.slice('param '.length);
    return trial => trial.params[name];
  }
  switch (key) {
    case 'state':
      return trial => `${trial.state} ${trial.reason}`;
    case 'took':
      return trial => toNumber(trial.duration_s);
    default:
      return trial => trial.number;
  }
}

function isNothing(value: unknown): boolean {
  return value === null || value === undefined || Number.isNaN(value);
}

function compare(a: unknown, b: unknown): number {
  return typeof a === 'number' && typeof b === 'number'
    ? a - b
    : String(a).localeCompare(String(b), undefined, { numeric: true });
}

/** Why a trial can't become a model; empty when it can. */
export function unpromoted(
  { trials }: Study,
  { number, state, model }: Trial,
  trans: TranslationBundle
): string {
  if (state === 'RUNNING' || state === 'PENDING') {
    return trans.__('Trial %1 has not ended yet.', number);
  }
  if (state !== 'SUCCEEDED') {
    return trans.__('Trial %1 did not complete, so it left no model.', number);
  }
  if (model) {
    return '';
  }
  return trials.some(other => other.model)
    ? trans.__(
        'Trial %1 kept no model: only a trial that was the best when it ended keeps its own.',
        number
      )
    : trans.__(
        'No trial left a model to promote: the cell binds nothing to the name `model`.'
      );
}
