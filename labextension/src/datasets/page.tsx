/** The page of a dataset: what it holds, column by column, and what was made of it. */
import * as React from 'react';
import { Bars } from '../ui/bars';
import { type IContext, KfWidget, useKf } from '../ui/context';
import { formatBytes, formatNumber } from '../ui/format';
import { shortDigest } from '../ui/names';
import { NodeList } from '../ui/nodes';
import { Section } from '../ui/pieces';
import { type IColumn, VirtualTable } from '../ui/table';
import { ThingPage } from '../ui/thing';
import type { DatasetPaper } from '../wire';
import { ColumnView } from './column';
import {
  bars,
  chosen,
  files,
  type IFile,
  type IProfiled,
  profiled,
  range,
  type SortKey
} from './model';

export function makeDatasetPage(context: IContext, id: string): KfWidget {
  return new KfWidget(context, <DatasetPage id={id} />, 'jp-Kf-datasetPage');
}

function DatasetPage({ id }: { id: string }): React.ReactElement {
  const { trans } = useKf();
  return (
    <ThingPage<DatasetPaper>
      id={id}
      route="datasets"
      kind={trans.__('dataset')}
      concerns={change => change.thing === 'dataset'}
      detail={paper => <Shape paper={paper} />}
    >
      {paper => <Body paper={paper} />}
    </ThingPage>
  );
}

/** How much it is, in a line. */
function Shape({ paper }: { paper: DatasetPaper }): React.ReactElement {
  const { trans } = useKf();
  const { manifest } = paper.thing;
  const count = files(manifest).length;
  const rows = Number(manifest['rows'] ?? 0);
  const size = sizeOf(manifest);
  const facts = count
    ? [trans._n('%1 file', '%1 files', count), formatBytes(size)]
    : [
        trans._n('%1 row', '%1 rows', rows).replace(String(rows), formatNumber(rows)),
        trans._n('%1 column', '%1 columns', profiled(paper).length),
        size ? formatBytes(size) : ''
      ];
  return <span>{facts.filter(Boolean).join(' · ')}</span>;
}

function Body({ paper }: { paper: DatasetPaper }): React.ReactElement {
  const { trans } = useKf();
  const { thing } = paper;
  const columns = React.useMemo(() => profiled(paper), [paper]);
  const listed = React.useMemo(() => files(thing.manifest), [thing]);
  return (
    <>
      {listed.length ? (
        <Files files={listed} />
      ) : columns.length ? (
        <Profile columns={columns} rows={Number(thing.manifest['rows'] ?? 0)} />
      ) : (
        <p className="jp-Kf-quiet">{trans.__('This version has no profile.')}</p>
      )}
      <Section title={trans.__('What was made of it')}>
        <NodeList
          nodes={paper.used_by}
          none={trans.__(
            'Nothing yet: %1 and %2 take it by --data.',
            '%%kf transform',
            '%%kf train'
          )}
        />
      </Section>
    </>
  );
}

function sizeOf(manifest: Record<string, unknown>): number {
  const told = (manifest['files'] ?? {}) as Record<string, { bytes?: number }>;
  return Object.values(told).reduce((sum, { bytes }) => sum + (bytes ?? 0), 0);
}

function Profile(props: {
  columns: readonly IProfiled[];
  rows: number;
}): React.ReactElement {
  const { trans } = useKf();
  const { columns, rows } = props;
  const [search, setSearch] = React.useState('');
  const [name, setName] = React.useState(columns[0].name);
  const [order, setOrder] = React.useState(unsorted);
  const found = React.useMemo(
    () => chosen(columns, search, order.key, order.descending),
    [columns, search, order]
  );
  const shown = columns.find(column => column.name === name) ?? columns[0];
  const described = React.useMemo(() => tableOf(trans, rows), [trans, rows]);
  const sort = (key: string) => setOrder(now => nextOrder(now, key as SortKey));
  return (
    <div className="jp-Kf-columns jp-mod-wideFirst">
      <Section
        title={trans.__('Columns')}
        aside={
          <input
            type="search"
            className="jp-mod-styled"
            placeholder={trans.__('Search columns')}
            aria-label={trans.__('Search columns')}
            value={search}
            onChange={event => setSearch(event.target.value)}
          />
        }
      >
        {found.length ? (
          <VirtualTable
            label={trans.__('Columns of the dataset')}
            rows={found}
            columns={described}
            keyOf={column => column.name}
            rowHeight={36}
            mostRows={13}
            chosen={shown.name}
            choose={setName}
            order={order}
            sort={sort}
          />
        ) : (
          <p className="jp-Kf-quiet">{trans.__('No column has these words.')}</p>
        )}
      </Section>
      <ColumnView key={shown.name} column={shown} rows={rows} />
    </div>
  );
}

interface IOrder {
  key: SortKey;
  descending: boolean;
}

const unsorted: IOrder = { key: 'order', descending: false };

/** One way, then the other, then as the columns stand in the rows. Counts begin with the largest. */
function nextOrder(now: IOrder, key: SortKey): IOrder {
  const first = key === 'nulls' || key === 'distinct';
  if (now.key !== key) {
    return { key, descending: first };
  }
  return now.descending === first ? { key, descending: !first } : unsorted;
}

/** Of the small picture of a column's values. */
const SHAPE_PX = 84;

function tableOf(
  trans: ReturnType<typeof useKf>['trans'],
  rows: number
): IColumn<IProfiled>[] {
  return [
    {
      key: 'name',
      title: trans.__('Column'),
      width: 'minmax(104px, 3fr)',
      cell: ({ name }) => <span title={name}>{name}</span>
    },
    {
      key: 'type',
      title: trans.__('Type'),
      width: 'minmax(64px, 1fr)',
      cell: ({ type }) => <span title={type}>{type}</span>
    },
    {
      key: 'nulls',
      title: trans.__('Nulls'),
      width: '62px',
      number: true,
      cell: ({ nulls, nullShare }) =>
        nulls ? (
          <span title={formatNumber(nulls)}>{percent(nullShare)}</span>
        ) : (
          <span className="jp-Kf-quiet">0</span>
        )
    },
    {
      key: 'distinct',
      title: trans.__('Distinct'),
      width: '72px',
      number: true,
      cell: ({ distinct }) => (distinct === null ? '' : formatNumber(distinct))
    },
    {
      key: 'values',
      title: trans.__('Values'),
      fixed: true,
      width: 'minmax(90px, 3fr)',
      cell: column => <span title={range(column)}>{range(column)}</span>
    },
    {
      key: 'shape',
      fixed: true,
      title: trans.__('Shape'),
      width: `${SHAPE_PX}px`,
      cell: column => (
        <Bars
          width={SHAPE_PX}
          counts={bars(column, rows)}
          label={trans.__('Shape of %1', column.name)}
        />
      )
    }
  ];
}

function percent(share: number): string {
  const value = 100 * share;
  return value < 0.1
    ? '<0.1 %'
    : `${value < 10 ? value.toFixed(1) : Math.round(value)} %`;
}

function Files({ files }: { files: readonly IFile[] }): React.ReactElement {
  const { trans } = useKf();
  return (
    <Section title={trans.__('Files')}>
      <VirtualTable
        label={trans.__('Files of the dataset')}
        rows={files}
        keyOf={file => file.name}
        mostRows={16}
        columns={[
          {
            key: 'name',
            title: trans.__('File'),
            width: 'minmax(120px, 4fr)',
            cell: ({ name }) => <span title={name}>{name}</span>
          },
          {
            key: 'bytes',
            title: trans.__('Size'),
            width: '90px',
            number: true,
            cell: ({ bytes }) => formatBytes(bytes)
          },
          {
            key: 'digest',
            title: trans.__('Digest'),
            width: 'minmax(110px, 1fr)',
            cell: ({ digest }) => <code>{shortDigest(digest)}</code>
          }
        ]}
      />
    </Section>
  );
}
