import { nullTranslator } from '@jupyterlab/translation';
import * as React from 'react';
import { createRoot } from 'react-dom/client';
import type { ResourcesPaper } from '../wire';
import { Meters } from './meters';

(globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;

const machine: ResourcesPaper = {
  backend: 'local',
  cpu: { capacity: 4, used_by_runs: 1, busy_share: null },
  memory: { capacity_bytes: 8e9, free_bytes: 6e9, used_by_runs_bytes: 1e9 },
  gpus: [],
  queue: { running: 1, waiting: 0, slots: null, waiting_runs: [] },
  quota: null,
  seq: 1,
  epoch: 'a'
};

/** What each meter says and how full it is, and all that is written. */
function shown(more: Partial<ResourcesPaper>): {
  meters: { [name: string]: [string | null, number] };
  text: string;
} {
  const host = document.createElement('div');
  const data = { ...machine, ...more };
  const work = { ...data.queue, serving: 0 };
  const trans = nullTranslator.load('jupyter_kf');
  React.act(() =>
    createRoot(host).render(<Meters data={data} work={work} trans={trans} />)
  );
  const meters = [...host.querySelectorAll('[role=meter]')].map(
    (meter): [string, [string | null, number]] => [
      meter.getAttribute('aria-label')!,
      [
        meter.getAttribute('aria-valuetext'),
        Number(meter.getAttribute('aria-valuenow'))
      ]
    ]
  );
  return { meters: Object.fromEntries(meters), text: host.textContent! };
}

it('shows what this machine has and what of it is taken', () => {
  const gpu = { run: null, free: true };
  const { meters } = shown({
    gpus: [
      { ...gpu, id: '0' },
      { id: '1', free: false, run: 'a' }
    ]
  });
  expect(meters).toEqual({
    Cores: ['1 of 4 asked for by runs', 0.25],
    Memory: ['6.0 GB free of 8.0 GB', 0.25],
    GPUs: ['1 free of 2', 0.5]
  });
});

it('says of each who waits why, and where there is no GPU', () => {
  const waiting_runs = [{ id: 'delay-1', reason: 'waits for 2 cores' }];
  const { text } = shown({ queue: { ...machine.queue, waiting: 1, waiting_runs } });
  expect(text).toContain('delay-1waits for 2 cores');
  expect(text).toContain('No GPU on this machine.');
});

it('shows a cluster’s quota, and calls it no machine', () => {
  const quota = [
    { name: 'requests.nvidia.com/gpu', limit: 4, used: 3, unit: '' },
    { name: 'requests.memory', limit: 64, used: 16, unit: 'GiB' }
  ];
  const memory = { capacity_bytes: 64e9, free_bytes: null, used_by_runs_bytes: 16e9 };
  const { meters, text } = shown({ backend: 'kube', memory, quota });
  expect(meters['requests.nvidia.com/gpu']).toEqual(['3 of 4', 0.75]);
  expect(meters['requests.memory']).toEqual(['16 of 64 GiB', 0.25]);
  expect(meters['Memory']).toEqual(['16 GB of 64 GB asked for by runs', 0.25]);
  expect(text).toContain('No GPU for jobs on kube.');
  expect(text).not.toContain('machine');
});
