/** CPU, memory, GPUs and queue of where jobs go; fetched while this is open. */
import * as React from 'react';
import { useKf } from '../ui/context';
import { useFetched, useSignal } from '../ui/hooks';
import { ErrorBox, Skeleton } from '../ui/pieces';
import type { ResourcesPaper } from '../wire';
import { Meters } from './meters';

export function Resources(): React.ReactElement {
  const { kf, trans } = useKf();
  useSignal(kf.whereChanged);
  const { data, error, again } = useFetched(
    'resources',
    signal => kf.rest.get<ResourcesPaper>('resources', {}, signal),
    change =>
      change.thing === 'resources' ||
      (change.thing === 'run' && change.action !== 'changed')
  );
  if (error && !data) {
    return <ErrorBox error={error} onRetry={again} />;
  }
  if (!data) {
    return <Skeleton lines={4} />;
  }
  const work = { serving: 0, ...(kf.where ?? data.queue) }; // as the chip does
  return <Meters data={data} work={work} trans={trans} />;
}
