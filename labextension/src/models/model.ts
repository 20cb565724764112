/** What a model's page says of its versions. Pure. */
import { formatNumber, toNumber } from '../ui/format';
import type { Change, ModelPaper, Num, Version } from '../wire';

type Metrics = Record<string, Num>;

/** Whether a change may be one of the model's page: of its versions, or of who serves them. */
export function concerns(name: string, { thing, id }: Change): boolean {
  return (
    thing === 'endpoint' || (thing === 'model' && id.replace(/@\d+$/, '') === name)
  );
}

export function metricsOf({ note }: Version): Metrics {
  const metrics = note['metrics'];
  return metrics && typeof metrics === 'object' ? (metrics as Metrics) : {};
}

/** The names of all metrics of all versions, in the order in which they came up. */
export function metricNames(versions: readonly Version[]): string[] {
  return [...new Set(versions.flatMap(version => Object.keys(metricsOf(version))))];
}

/** What the cell was given for this version: of a promoted trial, the trial's parameters. */
export function paramsOf({ thing }: ModelPaper): [string, string][] {
  return Object.entries(thing.params).map(([name, value]) => [
    name,
    typeof value === 'number'
      ? formatNumber(value, 6)
      : typeof value === 'string'
        ? value
        : JSON.stringify(value)
  ]);
}

/** Where a version came from: a trial, or a run. */
export function origin({ note }: Version): {
  run: string | null;
  trial: number | null;
} {
  const trial = toNumber(note['trial'] as Num | null | undefined);
  return {
    run: typeof note['run'] === 'string' ? note['run'] : null,
    trial: Number.isInteger(trial) ? trial : null
  };
}

export interface IPort {
  name: string;
  type: string;
}

/** The model's outputs or inputs, as far as its manifest names them. */
export function ports(manifest: Record<string, unknown>, key: string): IPort[] {
  const told = manifest[key];
  return Array.isArray(told)
    ? told
        .filter(one => typeof one?.name === 'string')
        .map(one => ({
          name: one.name as string,
          type: String(one.type ?? one.dtype ?? one.datatype ?? '')
        }))
    : [];
}
