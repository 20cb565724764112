/** The page of a model: its versions, where it came from, who serves it, and serving it. */
import * as React from 'react';
import { CommandIDs } from '../tokens';
import { Ago } from '../ui/clock';
import { type IContext, KfWidget, useKf } from '../ui/context';
import { formatNumber } from '../ui/format';
import { shortDigest, versioned } from '../ui/names';
import { useInsert } from '../ui/insert';
import { valueOf } from '../ui/labels';
import { LookOnly, Only } from '../ui/may';
import { NodeLink, NodeList } from '../ui/nodes';
import { ActionNote, type IAction, ThingLink, useAction } from '../ui/page';
import { Button, Facts, Section } from '../ui/pieces';
import { useSome } from '../ui/some';
import { Table } from '../ui/table';
import { ThingPage } from '../ui/thing';
import type { Cell, ModelPaper, Version } from '../wire';
import { concerns, metricNames, metricsOf, origin, paramsOf, ports } from './model';

export function makeModelPage(context: IContext, id: string): KfWidget {
  return new KfWidget(context, <ModelPage id={id} />, 'jp-Kf-modelPage');
}

function ModelPage({ id }: { id: string }): React.ReactElement {
  const { trans } = useKf();
  const name = id.replace(/@\d+$/, '');
  const action = useAction();
  return (
    <ThingPage<ModelPaper>
      id={id}
      route="models"
      kind={trans.__('model')}
      concerns={change => concerns(name, change)}
      detail={({ why }) => <span>{why}</span>}
      actions={paper => <Serve model={versioned(paper.thing)} action={action} />}
      note={
        <>
          <LookOnly may="cells" className="jp-Kf-pad" />
          <ActionNote action={action} />
        </>
      }
    >
      {(paper, choose) => <Body paper={paper} choose={choose} />}
    </ThingPage>
  );
}

/** Writes the cell that serves this version. */
function Serve(props: { model: string; action: IAction }): React.ReactElement {
  const { kf, trans, commands } = useKf();
  const { model, action } = props;
  const insert = useInsert(action.clear);
  const serve = async () => {
    const fields = { name: model.split('@')[0], model };
    const { cell } = await kf.rest.post<Cell>('cells', { verb: 'serve', fields });
    return insert({ cell }, ({ place, path }) =>
      trans.__('It is cell %1 of %2 now; run it to serve %3.', place, path, model)
    );
  };
  return (
    <Only may="cells">
      <Button
        label={trans.__('Serve')}
        tone="accent"
        title={trans.__('Inserts the cell that serves this version')}
        disabled={action.busy !== null || !commands.hasCommand(CommandIDs.insertCell)}
        onClick={() => action.run('serve', serve)}
      />
    </Only>
  );
}

function Body(props: {
  paper: ModelPaper;
  choose: (n: number) => void;
}): React.ReactElement {
  const { trans } = useKf();
  const { paper, choose } = props;
  const { thing, versions } = paper;
  const params = paramsOf(paper);
  return (
    <>
      <div className="jp-Kf-columns">
        <Section title={trans.__('What it is')}>
          <About paper={paper} />
        </Section>
        <Section title={trans.__('Parameters')}>
          {params.length ? (
            <Facts facts={params} />
          ) : (
            <p className="jp-Kf-quiet">{trans.__('It was made without any.')}</p>
          )}
        </Section>
        <Section title={trans.__('Metrics')}>
          {Object.keys(thing.metrics).length ? (
            <Facts
              facts={Object.entries(thing.metrics).map(
                ([name, value]) => [name, formatNumber(value)] as const
              )}
            />
          ) : (
            <p className="jp-Kf-quiet">
              {trans.__('Its run reported none. In the cell: kf.report(auc=0.9)')}
            </p>
          )}
        </Section>
      </div>
      <Section title={trans.__('Versions')}>
        <Versions versions={versions} chosen={thing.version} choose={choose} />
      </Section>
      <Section title={trans.__('Served by')}>
        <NodeList
          nodes={paper.used_by}
          none={trans.__('No endpoint has this version now.')}
        />
      </Section>
    </>
  );
}

function About({ paper }: { paper: ModelPaper }): React.ReactElement {
  const { trans } = useKf();
  const { manifest } = paper.thing;
  const facts: [string, React.ReactNode][] = [
    [trans.__('Flavour'), String(manifest['flavour'] ?? '–')],
    [
      trans.__('Prepared by'),
      paper.transform ? (
        <NodeLink node={paper.transform} />
      ) : (
        trans.__('no transform: it reads the rows as they are')
      )
    ]
  ];
  if (paper.run) {
    facts.push([
      trans.__('Made by run'),
      <ThingLink key="r" thing="run" id={paper.run} />
    ]);
  }
  const outputs = ports(manifest, 'outputs');
  if (outputs.length) {
    facts.push([
      trans.__('Answers'),
      outputs.map(({ name, type }) => (type ? `${name} (${type})` : name)).join(', ')
    ]);
  }
  if (manifest['ulp'] !== undefined) {
    const ulp = Number(manifest['ulp']);
    facts.push([
      trans.__('Differs in production'),
      ulp
        ? trans.__('by %1 at most', valueOf('ulp', ulp, trans))
        : trans.__('by nothing: it is equal to the bit')
    ]);
  }
  return <Facts facts={facts} />;
}

function Versions(props: {
  versions: readonly Version[];
  chosen: number;
  choose: (n: number) => void;
}): React.ReactElement {
  const { trans } = useKf();
  const { shown: names, more } = useSome(metricNames(props.versions), 6);
  return (
    <>
      <Table
        label={trans.__('Versions of this model')}
        rows={[...props.versions].reverse()}
        keyOf={version => String(version.n)}
        columns={[
          {
            key: 'n',
            title: trans.__('Version'),
            cell: ({ n }) =>
              n === props.chosen ? (
                <b aria-current="true">{trans.__('%1, shown', n)}</b>
              ) : (
                <button
                  type="button"
                  className="jp-Kf-thing"
                  aria-label={trans.__('Show version %1', n)}
                  onClick={() => props.choose(n)}
                >
                  {n}
                </button>
              )
          },
          {
            key: 'digest',
            title: trans.__('Digest'),
            cell: ({ digest }) => <code title={digest}>{shortDigest(digest)}</code>
          },
          ...names.map(name => ({
            key: `metric ${name}`,
            title: name,
            number: true,
            cell: (version: Version) => {
              const value = metricsOf(version)[name];
              return value === undefined ? '' : formatNumber(value);
            }
          })),
          {
            key: 'from',
            title: trans.__('From'),
            cell: version => <Origin version={version} />
          },
          {
            key: 'created',
            title: trans.__('Made'),
            cell: ({ created_s }) => <Ago at_s={created_s} />
          }
        ]}
      />
      {more}
    </>
  );
}

function Origin({ version }: { version: Version }): React.ReactElement {
  const { trans } = useKf();
  const { run, trial } = origin(version);
  return (
    <>
      {trial === null ? null : `${trans.__('trial %1 of', trial)} `}
      {run ? <ThingLink thing={trial === null ? 'run' : 'study'} id={run} /> : '–'}
    </>
  );
}
