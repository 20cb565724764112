/** What there is, how much of it is taken, and who waits; on a cluster, the quota as well. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { Facts } from '../ui/facts';
import { formatBytes, formatNumber, toNumber } from '../ui/format';
import type { ResourcesPaper, Where } from '../wire';

export function Meters(props: {
  data: ResourcesPaper;
  work: Pick<Where, 'running' | 'waiting' | 'serving'>;
  trans: TranslationBundle;
}): React.ReactElement {
  const { data, trans } = props;
  const { running, waiting, serving } = props.work;
  const { cpu, memory, gpus, queue } = data;
  const freeGpus = gpus.filter(({ free }) => free).length;
  return (
    <div className="jp-Kf-resources" role="group" aria-label={trans.__('Resources')}>
      <Meter
        label={trans.__('Cores')}
        share={toNumber(cpu.used_by_runs) / toNumber(cpu.capacity)}
        text={trans.__(
          '%1 of %2 asked for by runs',
          formatNumber(cpu.used_by_runs),
          formatNumber(cpu.capacity)
        )}
      />
      <Meter label={trans.__('Memory')} {...memoryOf(memory, trans)} />
      {gpus.length ? (
        <Meter
          label={trans.__('GPUs')}
          share={1 - freeGpus / gpus.length}
          text={trans.__('%1 free of %2', freeGpus, gpus.length)}
        />
      ) : (
        <div className="jp-Kf-quiet">
          {data.backend === 'local'
            ? trans.__('No GPU on this machine.')
            : trans.__('No GPU for jobs on %1.', data.backend)}
        </div>
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
          text={trans
            .__('%1 of %2 %3', formatNumber(used), formatNumber(limit), unit)
            .trim()}
        />
      ))}
    </div>
  );
}

/** What is free where that is known, else what runs asked for: a cluster says no more. */
function memoryOf(
  { free_bytes, capacity_bytes, used_by_runs_bytes }: ResourcesPaper['memory'],
  trans: TranslationBundle
): { share: number; text: string } {
  const all = formatBytes(capacity_bytes);
  return free_bytes === null
    ? {
        share: used_by_runs_bytes / capacity_bytes,
        text: trans.__(
          '%1 of %2 asked for by runs',
          formatBytes(used_by_runs_bytes),
          all
        )
      }
    : {
        share: 1 - free_bytes / capacity_bytes,
        text: trans.__('%1 free of %2', formatBytes(free_bytes), all)
      };
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
