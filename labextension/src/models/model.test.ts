import type { Version } from '../wire';
import { change } from '../testing/fakes';
import { concerns, metricNames, origin, ports } from './model';

const version = (n: number, note: Version['note']): Version => ({
  kind: 'model',
  name: 'late',
  n,
  digest: 'd',
  created_s: 0,
  note
});

it('a page is fetched again when an endpoint gives the traffic to another version', () => {
  const told = (thing: 'endpoint' | 'model' | 'run', id: string) =>
    concerns('late', change(1, { thing, id, action: 'changed' }));
  expect(told('endpoint', 'high')).toBe(true);
  expect([told('model', 'late'), told('model', 'late@2')]).toEqual([true, true]);
  expect([told('model', 'later'), told('run', 'late')]).toEqual([false, false]);
});

it('metrics of all versions are named once', () => {
  const versions = [
    version(1, { metrics: { auc: 0.5 } }),
    version(2, {}),
    version(3, { metrics: { loss: 1, auc: 0.6 } })
  ];
  expect(metricNames(versions)).toEqual(['auc', 'loss']);
});

it('a version comes from a run, or from a trial of a study', () => {
  expect(origin(version(1, { run: 'r' }))).toEqual({ run: 'r', trial: null });
  expect(origin(version(1, { run: 'r', trial: 0 }))).toEqual({ run: 'r', trial: 0 });
  expect(origin(version(1, {}))).toEqual({ run: null, trial: null });
});

it('outputs are those that the manifest names', () => {
  const manifest = { outputs: [{ name: 'prediction', type: 'bool' }, 'odd'] };
  expect(ports(manifest, 'outputs')).toEqual([{ name: 'prediction', type: 'bool' }]);
  expect(ports({}, 'outputs')).toEqual([]);
});
