/** The page of a transform: its code, what goes in and out, what is certified, who uses it. */
import * as React from 'react';
import { type IContext, KfWidget, useKf } from '../ui/context';
import { formatNumber, typeWord } from '../ui/format';
import { NodeLink, NodeList } from '../ui/nodes';
import { CodeBlock } from '../ui/page';
import { Facts, Section } from '../ui/pieces';
import { StateIcon } from '../ui/state';
import { Table, VirtualTable } from '../ui/table';
import { ThingPage } from '../ui/thing';
import type { Column, TransformPaper } from '../wire';
import { Changes } from './changes';
import { readOf, verdict } from './model';

export function makeTransformPage(context: IContext, id: string): KfWidget {
  return new KfWidget(context, <TransformPage id={id} />, 'jp-Kf-transformPage');
}

function TransformPage({ id }: { id: string }): React.ReactElement {
  const { trans } = useKf();
  return (
    <ThingPage<TransformPaper>
      id={id}
      route="transforms"
      kind={trans.__('transform')}
      concerns={change => change.thing === 'transform' || change.thing === 'model'}
      detail={({ thing, versions }) => {
        const newest = versions[versions.length - 1]?.n ?? thing.version;
        return thing.version < newest ? (
          <span>{trans.__('version %1 is newer', newest)}</span>
        ) : null;
      }}
    >
      {paper => <Body paper={paper} />}
    </ThingPage>
  );
}

function Body({ paper }: { paper: TransformPaper }): React.ReactElement {
  const { trans } = useKf();
  return (
    <>
      <div className="jp-Kf-columns jp-mod-wideFirst">
        <Section title={trans.__('Code')}>
          <CodeBlock
            code={paper.code}
            label={trans.__('Code of %1', paper.thing.name)}
          />
        </Section>
        <div className="jp-Kf-stack">
          <Certificate paper={paper} />
          <Section title={trans.__('Who uses it')}>
            <NodeList
              nodes={paper.used_by}
              none={trans.__('No model was made with this version yet.')}
            />
          </Section>
          <Section title={trans.__('What is behind')}>
            <NodeList
              nodes={paper.behind}
              none={trans.__('Nothing has an older version of it.')}
            />
          </Section>
        </div>
      </div>
      <Changes paper={paper} />
      <div className="jp-Kf-columns">
        <Section title={trans.__('Goes in')}>
          <Schema
            columns={paper.schema_in}
            label={trans.__('Columns that go in')}
            read={readOf(paper.certificate, trans)}
          />
        </Section>
        <Section title={trans.__('Comes out')}>
          <Schema
            columns={paper.schema_out}
            label={trans.__('Columns that come out')}
          />
        </Section>
      </div>
    </>
  );
}

function Certificate({ paper }: { paper: TransformPaper }): React.ReactElement {
  const { trans } = useKf();
  const { manifest } = paper.thing;
  const { ok, says, findings, warnings } = verdict(paper.certificate, trans);
  const fit = (manifest['fit'] ?? null) as { rows?: number; dataset?: string } | null;
  const facts: [string, React.ReactNode][] = [];
  if (manifest['frame']) {
    facts.push([trans.__('Frame'), String(manifest['frame'])]);
  }
  if (manifest['target']) {
    facts.push([trans.__('Never sees'), String(manifest['target'])]);
  }
  if (fit?.rows) {
    facts.push([trans.__('Fitted on'), trans.__('%1 rows', formatNumber(fit.rows))]);
  }
  if (paper.fitted_on) {
    facts.push([trans.__('Of dataset'), <NodeLink key="d" node={paper.fitted_on} />]);
  }
  return (
    <Section title={trans.__('Certificate')}>
      <ul className="jp-Kf-verdicts">
        {says.map(text => (
          <li key={text} className="jp-Kf-verdict">
            <StateIcon state={ok ? 'SUCCEEDED' : 'FAILED'} />
            <span>{text}</span>
          </li>
        ))}
        {warnings.map(text => (
          <li key={text} className="jp-Kf-verdict">
            <StateIcon state="LOST" />
            <span>{text}</span>
          </li>
        ))}
      </ul>
      {findings.length ? (
        <Table
          label={trans.__('What differed')}
          rows={findings.map((finding, at) => ({ ...finding, at }))}
          keyOf={({ at }) => String(at)}
          columns={[
            { key: 'replay', title: trans.__('Replay'), cell: one => one.replay },
            { key: 'column', title: trans.__('Column'), cell: one => one.column },
            { key: 'row', title: trans.__('Row'), number: true, cell: one => one.row },
            { key: 'expected', title: trans.__('Here'), cell: one => one.expected },
            { key: 'got', title: trans.__('There'), cell: one => one.got }
          ]}
        />
      ) : null}
      <Facts facts={facts} />
    </Section>
  );
}

function Schema(props: {
  columns: readonly Column[];
  label: string;
  /** Whether a column is read, in a word; of what comes out there is nothing to say. */
  read?: (column: string) => string;
}): React.ReactElement {
  const { trans } = useKf();
  const { read } = props;
  if (!props.columns.length) {
    return <p className="jp-Kf-quiet">{trans.__('Not known.')}</p>;
  }
  return (
    <VirtualTable
      label={props.label}
      rows={props.columns}
      keyOf={column => column.name}
      mostRows={10}
      columns={[
        {
          key: 'name',
          title: trans.__('Column'),
          width: 'minmax(90px, 2fr)',
          cell: column => <span title={column.name}>{column.name}</span>
        },
        {
          key: 'type',
          title: trans.__('Type'),
          width: 'minmax(80px, 1fr)',
          cell: column => typeWord(column.type)
        },
        {
          key: 'nulls',
          title: trans.__('Nulls'),
          width: '64px',
          cell: column => (column.nullable ? trans.__('yes') : trans.__('no'))
        },
        ...(read
          ? [
              {
                key: 'read',
                title: trans.__('Read'),
                help: trans.__(
                  'The golden rows come out equal without a column that is not read; rows must have it all the same'
                ),
                width: '84px',
                cell: (column: Column) => read(column.name)
              }
            ]
          : [])
      ]}
    />
  );
}
