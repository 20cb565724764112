/** Metrics as plots; what was asked, what travelled, what it made and used. */
import * as React from 'react';
import { part } from '../services/rest';
import { CommandIDs } from '../tokens';
import { useKf } from '../ui/context';
import { formatBytes, formatDuration, formatNumber, shortDigest } from '../ui/format';
import { labelOf } from '../ui/labels';
import { MetricPlots, useMetrics } from '../ui/metrics';
import { Facts, Section } from '../ui/pieces';
import type { RunPaper } from '../wire';

type Fact = readonly [string, React.ReactNode];
type Trans = ReturnType<typeof useKf>['trans'];

export function Overview({ paper }: { paper: RunPaper }): React.ReactElement {
  const { trans } = useKf();
  const { run } = paper;
  const feed = useMetrics(run.id);
  return (
    <div className="jp-Kf-overview">
      <Section title={trans.__('Metrics')} className="jp-Kf-wide">
        {feed.series.size ? (
          <MetricPlots feed={feed} height={150} />
        ) : (
          <p className="jp-Kf-quiet">
            {trans.__('Nothing reported. In the cell: kf.report(auc=0.9, step=1)')}
          </p>
        )}
      </Section>
      <Section title={trans.__('Asked for')}>
        <Facts facts={specFacts(paper, trans)} />
      </Section>
      <Section title={trans.__('Made')}>
        <Made paper={paper} />
      </Section>
      <Section title={trans.__('What travelled')}>
        {paper.inputs.length ? (
          <table className="jp-Kf-table">
            <tbody>
              {paper.inputs.map(({ name, kind, bytes }) => (
                <tr key={name}>
                  <td>{name}</td>
                  <td className="jp-Kf-quiet">{kind}</td>
                  <td className="jp-Kf-number">{formatBytes(bytes)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        ) : (
          <p className="jp-Kf-quiet">
            {trans.__('Nothing of the notebook but the cell.')}
          </p>
        )}
      </Section>
      <Section title={trans.__('Used')}>
        <Facts facts={usageFacts(paper, trans)} />
      </Section>
    </div>
  );
}

/** Parameters first, then what was set, without what is empty. */
function specFacts({ run }: RunPaper, trans: Trans): Fact[] {
  const { params, ...rest } = run.spec as { params?: Record<string, unknown> };
  const given = Object.entries(params ?? {}).map(([name, value]): Fact => [
    name,
    words(value)
  ]);
  const set = Object.entries(rest)
    .filter(([name, value]) => name !== 'name' && !isEmpty(value))
    .map(([name, value]): Fact => [labelOf(name, trans), words(value)]);
  return [...given, ...set];
}

function isEmpty(value: unknown): boolean {
  return (
    value === null ||
    value === '' ||
    value === false ||
    (typeof value === 'object' && Object.keys(value as object).length === 0)
  );
}

function words(value: unknown): string {
  if (typeof value === 'number') {
    return formatNumber(value, 6);
  }
  return Array.isArray(value)
    ? value.map(words).join(', ')
    : typeof value === 'object'
      ? JSON.stringify(value)
      : String(value);
}

function Made({ paper }: { paper: RunPaper }): React.ReactElement {
  const { kf, trans, commands } = useKf();
  const { run, artefacts } = paper;
  // Artefacts have a table of their own.
  const outputs = Object.entries(run.outputs).filter(
    ([name, value]) => name !== 'artifacts' && !isEmpty(value)
  );
  if (!outputs.length && !artefacts.length) {
    return <p className="jp-Kf-quiet">{trans.__('Nothing kept so far.')}</p>;
  }
  const facts = outputs.map(([name, value]): Fact => {
    const opens = name === 'model' || name === 'transform';
    if (!opens || typeof value !== 'string') {
      return [labelOf(name, trans), words(value)];
    }
    const show = () => commands.execute(CommandIDs.open, { thing: name, id: value });
    return [
      labelOf(name, trans),
      <button
        key={name}
        type="button"
        className="jp-Kf-linkButton"
        onClick={() => void show()}
      >
        {shortDigest(value)}
      </button>
    ];
  });
  return (
    <>
      <Facts facts={facts} />
      {artefacts.length ? (
        <table className="jp-Kf-table">
          <tbody>
            {artefacts.map(({ name, bytes }) => (
              <tr key={name}>
                <td>
                  <a
                    href={kf.rest.url(`runs/${part(run.id)}/artefacts/${part(name)}`)}
                    download={name}
                  >
                    {name}
                  </a>
                </td>
                <td className="jp-Kf-number">{formatBytes(bytes)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : null}
    </>
  );
}

function usageFacts({ run }: RunPaper, trans: Trans): Fact[] {
  const { cpu_s, wall_s, max_rss_bytes } = run.usage as Record<
    string,
    number | undefined
  >;
  return [
    [trans.__('CPU time'), formatDuration(cpu_s)],
    [trans.__('Time'), formatDuration(wall_s)],
    [trans.__('Memory'), formatBytes(max_rss_bytes)],
    [trans.__('Where'), run.backend]
  ];
}
