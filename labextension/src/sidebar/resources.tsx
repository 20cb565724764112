/** CPU, memory, GPUs and queue of where jobs go; fetched while this is open. */
import * as React from 'react';
import { useKf } from '../ui/context';
import { formatBytes, formatNumber, toNumber } from '../ui/format';
import { useFetched, useSignal } from '../ui/hooks';
import { ErrorBox, Facts, Skeleton } from '../ui/pieces';
import type { ResourcesPaper } from '../wire';

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
  const { cpu, memory, gpus, queue } = data;
  const { running, waiting, serving } = { serving: 0, ...(kf.where ?? queue) }; // as the chip does
  const freeGpus = gpus.filter(({ free }) => free).length;
  return (
    <div className="jp-Kf-resources">
      <Meter
        label={trans.__('Cores')}
        share={toNumber(cpu.used_by_runs) / toNumber(cpu.capacity)}
        text={trans.__(
          '%1 of %2 asked for by runs',
          formatNumber(cpu.used_by_runs),
          formatNumber(cpu.capacity)
        )}
      />
      <Meter
        label={trans.__('Memory')}
        share={1 - (memory.free_bytes ?? 0) / memory.capacity_bytes}
        text={trans.__(
          '%1 free of %2',
          formatBytes(memory.free_bytes),
          formatBytes(memory.capacity_bytes)
        )}
      />
      {gpus.length ? (
        <Meter
          label={trans.__('GPUs')}
          share={1 - freeGpus / gpus.length}
          text={trans.__('%1 free of %2', freeGpus, gpus.length)}
        />
      ) : (
        <div className="jp-Kf-quiet">{trans.__('No GPU on this machine.')}</div>
      )}
      <Facts
        facts={[
          [trans.__('Running'), running],
          [trans.__('Waiting'), waiting],
          ...(serving ? [[trans.__('Serving'), serving] as const] : []),
          ...queue.waiting_runs.map(({ id, reason }) => [id, reason] as const)
        ]}
      />
      {(data.quota ?? []).map(({ name, limit, used, unit }) => (
        <Meter
          key={name}
          label={name}
          share={toNumber(used) / toNumber(limit)}
          text={trans.__('%1 of %2 %3', formatNumber(used), formatNumber(limit), unit)}
        />
      ))}
    </div>
  );
}

function Meter(props: {
  label: string;
  share: number;
  text: string;
}): React.ReactElement {
  const share = Math.min(1, Math.max(0, props.share || 0));
  return (
    <div className="jp-Kf-meter">
      <div>
        <span>{props.label}</span>
        <span className="jp-Kf-quiet">{props.text}</span>
      </div>
      <div
        className="jp-Kf-progress"
        role="meter"
        aria-label={props.label}
        aria-valuetext={props.text}
        aria-valuemin={0}
        aria-valuemax={1}
        aria-valuenow={share}
      >
        <div style={{ width: `${share * 100}%` }} />
      </div>
    </div>
  );
}
