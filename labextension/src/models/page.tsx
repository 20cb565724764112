/** The page of one model, by name, name@version or digest. */
import * as React from 'react';
import '../../style/run.css';
import { part } from '../services/rest';
import { CommandIDs } from '../tokens';
import { type IContext, KfWidget, useKf } from '../ui/context';
import { formatNumber, formatTime, shortDigest } from '../ui/format';
import { useFetched } from '../ui/hooks';
import { LineageView } from '../ui/lineage';
import { Button, ErrorBox, Facts, Section, Skeleton, Tabs } from '../ui/pieces';
import type { ModelPaper, Version } from '../wire';

export function makeModelPage(context: IContext, id: string): KfWidget {
  return new KfWidget(context, <ModelPage id={id} />, 'jp-Kf-runPage');
}

function ModelPage({ id }: { id: string }): React.ReactElement {
  const { kf, trans, commands } = useKf();
  const { data, error, again } = useFetched(
    id,
    signal => kf.rest.get<ModelPaper>(`models/${part(id)}`, {}, signal),
    change => change.thing === 'model' || change.thing === 'endpoint'
  );
  if (error && !data) {
    return <ErrorBox error={error} onRetry={again} />;
  }
  if (!data) {
    return <Skeleton lines={6} />;
  }
  const { thing } = data;
  const serve = () =>
    commands.execute(CommandIDs.insertCell, { cell: `%kf serve ${thing.name}` });
  const tabs = [
    {
      id: 'overview',
      label: trans.__('Overview'),
      render: () => <Overview paper={data} />
    },
    {
      id: 'lineage',
      label: trans.__('Lineage'),
      render: () => <LineageView thing={thing.digest} />
    }
  ];
  return (
    <>
      <header className="jp-Kf-head">
        <div className="jp-Kf-headLine">
          <h2>
            {thing.name}@{thing.version}
          </h2>
          <code className="jp-Kf-quiet">{shortDigest(thing.digest)}</code>
          <span className="jp-Kf-grow" />
          <Button
            label={trans.__('Serve in a cell')}
            title={trans.__('Inserts the cell that serves it')}
            onClick={() => void serve()}
          />
        </div>
        <div className="jp-Kf-quiet">{data.why}</div>
      </header>
      <Tabs tabs={tabs} label={trans.__('Parts of this model')} />
    </>
  );
}

function Overview({ paper }: { paper: ModelPaper }): React.ReactElement {
  const { trans, commands } = useKf();
  const { thing, run, transform, used_by: usedBy } = paper;
  const link = (kind: string, id: string, label: string) => (
    <button
      type="button"
      className="jp-Kf-linkButton"
      onClick={() => void commands.execute(CommandIDs.open, { thing: kind, id })}
    >
      {label}
    </button>
  );
  const users = usedBy.map(({ id, label }) => <div key={id}>{label}</div>);
  return (
    <div className="jp-Kf-overview">
      <Section title={trans.__('Metrics')}>
        <Facts
          facts={Object.entries(thing.metrics).map(
            ([name, value]) => [name, formatNumber(value)] as const
          )}
        />
      </Section>
      <Section title={trans.__('Where it came from')}>
        <Facts
          facts={[
            [trans.__('Run'), run ? link('run', run, run) : '–'],
            [
              trans.__('Transform'),
              transform ? link('transform', transform.id, transform.label) : '–'
            ],
            [trans.__('Used by'), users.length ? users : '–']
          ]}
        />
      </Section>
      <Section title={trans.__('Versions')} className="jp-Kf-wide">
        <Versions versions={paper.versions} here={thing.digest} />
      </Section>
    </div>
  );
}

function Versions(props: { versions: Version[]; here: string }): React.ReactElement {
  const { trans, commands } = useKf();
  return (
    <table className="jp-Kf-table">
      <thead>
        <tr>
          <th scope="col">{trans.__('Version')}</th>
          <th scope="col">{trans.__('Digest')}</th>
          <th scope="col">{trans.__('Made')}</th>
          <th scope="col">{trans.__('Run')}</th>
        </tr>
      </thead>
      <tbody>
        {props.versions.map(({ name, n, digest, created_s, note }) => {
          const run = (note as { run?: unknown }).run;
          return (
            <tr key={n} aria-current={digest === props.here || undefined}>
              <td>
                <button
                  type="button"
                  className="jp-Kf-linkButton"
                  onClick={() =>
                    void commands.execute(CommandIDs.open, {
                      thing: 'model',
                      id: `${name}@${n}`
                    })
                  }
                >
                  {name}@{n}
                </button>
              </td>
              <td>
                <code>{shortDigest(digest)}</code>
              </td>
              <td>{formatTime(created_s)}</td>
              <td>{typeof run === 'string' ? <code>{run}</code> : '–'}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
