/** What a cell's output says of an endpoint or a study beyond its run: which model, which trial. */
import * as React from 'react';
import { part } from '../services/rest';
import { CommandIDs } from '../tokens';
import { useKf } from '../ui/context';
import { formatNumber } from '../ui/format';
import { useFetched } from '../ui/hooks';
import { StudyPlots, useStudy } from '../ui/studyplots';
import { counts, trialWords } from '../ui/trials';
import type { EndpointPaper, RunRow, Trial } from '../wire';

export function Summary({ row }: { row: RunRow }): React.ReactElement | null {
  if (row.kind === 'serve' && row.state === 'READY') {
    return <Served row={row} />;
  }
  return row.kind === 'tune' && row.state !== 'PENDING' ? <Found row={row} /> : null;
}

/** The version that this run serves, and why; nothing when another one has the traffic. */
function Served({ row }: { row: RunRow }): React.ReactElement | null {
  const { kf, trans } = useKf();
  const { data } = useFetched(
    row.name,
    signal => kf.rest.get<EndpointPaper>(`endpoints/${part(row.name)}`, {}, signal),
    change => change.thing === 'endpoint' && change.id === row.name
  );
  if (!data || data.endpoint.run.id !== row.id) {
    return null;
  }
  const { endpoint, parity } = data;
  return (
    <Line
      parts={[
        trans.__('version %1', endpoint.version),
        String(endpoint.run.spec['model'] ?? ''),
        endpoint.why,
        parity?.ok ? trans.__('proven equal to training') : ''
      ]}
    />
  );
}

/** How many trials there were, the best of them, its parameters; and how the search went. */
function Found({ row }: { row: RunRow }): React.ReactElement | null {
  const { trans, commands } = useKf();
  const { data } = useStudy(row.id);
  const open = () =>
    void commands.execute(CommandIDs.open, { thing: 'study', id: row.id });
  if (!data) {
    return null;
  }
  const { study } = data;
  const best = study.best[0];
  const { running } = counts(study);
  const far = [
    ...trialWords(study, trans),
    running ? trans.__('%1 running now', running) : ''
  ];
  const parts = best && [
    trans.__('best: trial %1', best.number),
    said(study.metrics, best),
    Object.entries(best.params)
      .map(
        ([name, value]) =>
          `${name} ${typeof value === 'number' ? formatNumber(value) : String(value)}`
      )
      .join(', ')
  ];
  return (
    <>
      <Line parts={far} />
      {parts ? <Line parts={parts} /> : null}
      <StudyPlots study={study} height={110} most={4} elsewhere={open} />
    </>
  );
}

function said(metrics: readonly string[], trial: Trial): string {
  return metrics
    .map((name, at) => `${name} ${formatNumber(trial.values?.[at] ?? NaN)}`)
    .join(', ');
}

function Line({ parts }: { parts: string[] }): React.ReactElement {
  return <div className="jp-Kf-quiet">{parts.filter(Boolean).join(' · ')}</div>;
}
