/** CPU, memory, GPUs and queue of where jobs go; fetched while this is open. */
import * as React from 'react';
import { useKf } from '../ui/context';
import { formatBytes, formatNumber } from '../ui/format';
import { useFetched } from '../ui/hooks';
import { ErrorBox, Facts, Skeleton } from '../ui/pieces';

export interface IResources {
  backend: string;
  cpu: { capacity: number; used_by_runs: number; busy_share: number | null };
  memory: { capacity_bytes: number; free_bytes: number; used_by_runs_bytes: number };
  gpus: { id: string; free: boolean; run: string | null }[];
  queue: {
    running: number;
    waiting: number;
    slots: number | null;
    waiting_runs: { id: string; reason: string }[];
  };
  quota: { [name: string]: unknown } | null;
}

export function Resources(): React.ReactElement {
  const { kf, trans } = useKf();
  const { data, error, again } = useFetched(
    'resources',
    signal => kf.rest.get<IResources>('resources', {}, signal),
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
  const freeGpus = gpus.filter(({ free }) => free).length;
  return (
    <div className="jp-Kf-resources">
      <Meter
        label={trans.__('CPU')}
        share={cpu.used_by_runs / cpu.capacity}
        text={trans.__(
          '%1 of %2 asked for by runs',
          formatNumber(cpu.used_by_runs),
          cpu.capacity
        )}
      />
      <Meter
        label={trans.__('Memory')}
        share={1 - memory.free_bytes / memory.capacity_bytes}
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
          [trans.__('Running'), queue.running],
          [trans.__('Waiting'), queue.waiting],
          ...queue.waiting_runs.map(({ id, reason }) => [id, reason] as const)
        ]}
      />
      {data.quota ? (
        <Facts
          facts={Object.entries(data.quota).map(([name, value]) => [
            name,
            String(value)
          ])}
        />
      ) : null}
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
