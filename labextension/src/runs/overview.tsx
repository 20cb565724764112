/** Metrics as plots; what was asked, what travelled, what it made and used. */
import * as React from 'react';
import { part } from '../services/rest';
import { ENDED } from '../services/validate';
import { Elapsed } from '../ui/clock';
import { useKf } from '../ui/context';
import { formatBytes, formatDuration, toNumber } from '../ui/format';
import { shortDigest } from '../ui/names';
import { labelOf, placeOf, valueOf } from '../ui/labels';
import { MetricPlots, useMetrics } from '../ui/metrics';
import { NodeLink } from '../ui/nodes';
import { ThingLink } from '../ui/page';
import { Facts, Section } from '../ui/pieces';
import { StudyPlots, useStudy } from '../ui/studyplots';
import type { RunPaper } from '../wire';

/** Kinds whose code can't report: there is none of a user's, or it only prepares rows. */
const SILENT = new Set(['batch', 'transform']);

type Fact = readonly [string, React.ReactNode];
type Trans = ReturnType<typeof useKf>['trans'];

export function Overview({ paper }: { paper: RunPaper }): React.ReactElement {
  const { trans } = useKf();
  const { run } = paper;
  return (
    <div className="jp-Kf-overview">
      <Metrics run={run} />
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
            {run.kind === 'tune' ? (
              <Searched paper={paper} />
            ) : paper.code === null ? (
              trans.__('Nothing of the notebook: it runs no code of it.')
            ) : (
              trans.__('Nothing of the notebook but the cell.')
            )}
          </p>
        )}
      </Section>
      <Section title={trans.__('Used')}>
        <Facts facts={usageFacts(paper, trans)} />
      </Section>
    </div>
  );
}

/** Whose cell the trials of a search ran, with what that had taken along. */
function Searched({ paper }: { paper: RunPaper }): React.ReactElement {
  const { trans } = useKf();
  const cell = paper.things.find(({ kind }) => kind === 'run');
  return cell ? (
    <>
      {trans.__('Each trial ran a train cell, with what travelled with it:')}{' '}
      <NodeLink node={cell} />
    </>
  ) : (
    <>{trans.__('Each trial ran a train cell, whose run was deleted since.')}</>
  );
}

/** What it reported, or how it could; of a kind that has no code to report in, nothing. */
function Metrics({ run }: { run: RunPaper['run'] }): React.ReactElement | null {
  const { trans } = useKf();
  const feed = useMetrics(run.id);
  const none = feed.series.size === 0;
  if (none && SILENT.has(run.kind)) {
    return null;
  }
  return (
    <Section title={trans.__('Metrics')} className="jp-Kf-wide">
      {run.kind === 'tune' ? (
        <Search id={run.id} />
      ) : !none ? (
        <MetricPlots feed={feed} height={150} />
      ) : !feed.known ? (
        <div className="jp-Kf-unknown" />
      ) : run.kind === 'serve' ? (
        <p className="jp-Kf-quiet">
          {trans.__('Its requests and their times are on the page of its endpoint:')}{' '}
          <ThingLink thing="endpoint" id={run.name} />
        </p>
      ) : (
        <p className="jp-Kf-quiet">
          {trans.__('Nothing reported. In the cell: kf.report(auc=0.9, step=1)')}
        </p>
      )}
    </Section>
  );
}

/** The trials of a search, by their numbers; its own page has the rest. */
function Search({ id }: { id: string }): React.ReactElement {
  const { trans } = useKf();
  const { data } = useStudy(id);
  return (
    <>
      {data ? <StudyPlots study={data.study} height={150} /> : null}
      <ThingLink thing="study" id={id} label={trans.__('Trials and what matters')} />
    </>
  );
}

/** Parameters, then what it used by name, then what else was set, without what is empty. */
function specFacts(paper: RunPaper, trans: Trans): Fact[] {
  const { params, ...rest } = paper.run.spec as { params?: Record<string, unknown> };
  const made = new Set(Object.values(paper.run.outputs));
  const used = paper.things.filter(({ id }) => !made.has(id));
  const told = new Set(used.map(({ kind }) => (kind === 'dataset' ? 'data' : kind)));
  return [
    ...Object.entries(params ?? {}).map(([name, value]): Fact => [
      name,
      valueOf('', value, trans)
    ]),
    ...used.map((node): Fact => [
      labelOf(node.kind, trans),
      <NodeLink key="n" node={node} />
    ]),
    ...Object.entries(rest)
      .filter(([name, value]) => !isUsual(name, value) && !told.has(name))
      .map(([name, value]): Fact => [labelOf(name, trans), valueOf(name, value, trans)])
  ];
}

/** Whether nobody would have asked for it: empty, or what one job on one machine has anyway. */
function isUsual(name: string, value: unknown): boolean {
  const usual: Record<string, unknown> = { gpu: 0, nodes: 1, runtime: 'python' };
  return name === 'name' || isEmpty(value) || usual[name] === value;
}

function isEmpty(value: unknown): boolean {
  return (
    value === null ||
    value === '' ||
    value === false ||
    (typeof value === 'object' && Object.keys(value as object).length === 0)
  );
}

function Made({ paper }: { paper: RunPaper }): React.ReactElement {
  const { kf, trans } = useKf();
  const { run, artefacts, things } = paper;
  // Artefacts have a table of their own.
  const outputs = Object.entries(run.outputs).filter(
    ([name, value]) => name !== 'artifacts' && !isEmpty(value)
  );
  if (!outputs.length && !artefacts.length) {
    return (
      <p className="jp-Kf-quiet">
        {ENDED.has(run.state)
          ? trans.__('It kept nothing.')
          : trans.__('Nothing kept so far.')}
      </p>
    );
  }
  const facts = outputs.map(([name, value]): Fact => {
    const node = things.find(({ id }) => id === value);
    return [
      labelOf(name, trans),
      node ? (
        <NodeLink key={name} node={node} />
      ) : name === 'model' || name === 'transform' ? (
        <ThingLink
          key={name}
          thing={name}
          id={String(value)}
          label={shortDigest(String(value))}
        />
      ) : name === 'best' ? (
        bestTrials(value, trans)
      ) : (
        valueOf(name, value, trans)
      )
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

/** The best trials of a study, by their metrics. */
function bestTrials(value: unknown, trans: Trans): string {
  const all = value as { trial: number; metrics: Record<string, unknown> }[];
  return all
    .map(({ trial, metrics }) =>
      trans.__('trial %1: %2', trial, valueOf('', metrics, trans))
    )
    .join('; ');
}

/** What it took, which is measured at its end; before, what is known. */
function usageFacts({ run }: RunPaper, trans: Trans): Fact[] {
  const { cpu_s, wall_s, max_rss_bytes } = run.usage as Record<
    string,
    number | undefined
  >;
  const started = toNumber(run.started_s);
  const unknown = ENDED.has(run.state)
    ? trans.__('not measured')
    : trans.__('measured when it ends');
  const time =
    wall_s === undefined && !ENDED.has(run.state) && Number.isFinite(started) ? (
      <Elapsed since_s={started} />
    ) : (
      formatDuration(wall_s)
    );
  return [
    [trans.__('Time'), time],
    [trans.__('CPU time'), cpu_s === undefined ? unknown : formatDuration(cpu_s)],
    [
      trans.__('Memory'),
      max_rss_bytes === undefined ? unknown : formatBytes(max_rss_bytes)
    ],
    [trans.__('Ran on'), placeOf(run.backend, trans)]
  ];
}
