/** The table of trials: any number of them, sorted by any column, one of them chosen. */
import * as React from 'react';
import { useKf } from '../ui/context';
import { formatDuration, formatNumber, toNumber } from '../ui/format';
import { isPruned } from '../ui/history';
import { StateIcon, stateWord } from '../ui/state';
import { VirtualTable, type IColumn } from '../ui/table';
import type { Study, Trial } from '../wire';
import { type SortKey, sorted } from './model';

export function Trials(props: {
  study: Study;
  parameters: string[];
  chosen: number | null;
  choose: (trial: number | null) => void;
  /** The models that trials became, by their numbers. */
  promoted: Readonly<Record<number, string>>;
}): React.ReactElement {
  const { trans } = useKf();
  const { study, parameters, promoted } = props;
  const [order, setOrder] = React.useState<{ key: SortKey; descending: boolean }>(
    () => ({
      key: `metric ${study.metrics[0]}`,
      descending: study.maximize[0] ?? false
    })
  );
  const rows = React.useMemo(
    () => sorted(study, order.key, order.descending),
    [study, order]
  );
  const best = React.useMemo(
    () => new Set(study.best.map(trial => trial.number)),
    [study.best]
  );
  const columns = React.useMemo<IColumn<Trial>[]>(
    () => [
      {
        key: 'number',
        title: trans.__('Trial'),
        width: Object.keys(promoted).length ? '150px' : '76px',
        cell: trial => (
          <>
            {trial.number}{' '}
            {best.has(trial.number) ? (
              <span className="jp-Kf-tag">{trans.__('best')}</span>
            ) : null}{' '}
            {promoted[trial.number] ? (
              <span className="jp-Kf-tag" title={promoted[trial.number]}>
                {trans.__('promoted')}
              </span>
            ) : null}
          </>
        )
      },
      ...study.metrics.map((name, at) => ({
        key: `metric ${name}`,
        title: name,
        width: 'minmax(72px, 1fr)',
        number: true,
        cell: (trial: Trial) =>
          trial.values?.[at] === undefined ? '' : formatNumber(trial.values[at])
      })),
      ...parameters.map(name => ({
        key: `param ${name}`,
        title: name,
        width: 'minmax(72px, 1fr)',
        number: true,
        cell: (trial: Trial) => shown(trial.params[name])
      })),
      {
        key: 'took',
        title: trans.__('Took'),
        width: '84px',
        number: true,
        cell: trial =>
          trial.duration_s === null ? '' : formatDuration(toNumber(trial.duration_s))
      },
      {
        key: 'state',
        title: trans.__('State'),
        width: 'minmax(130px, 2fr)',
        cell: trial => (
          <span className="jp-Kf-cellState" title={trial.reason}>
            <StateIcon state={trial.state} />
            <span>
              {isPruned(trial)
                ? trial.reason
                : [stateWord(trial.state, trans), trial.reason]
                    .filter(Boolean)
                    .join(': ')}
            </span>
          </span>
        )
      }
    ],
    [study.metrics.join(' '), parameters.join(' '), best, promoted, trans]
  );
  return (
    <VirtualTable
      label={trans.__('Trials')}
      columns={columns}
      rows={rows}
      keyOf={trial => String(trial.number)}
      chosen={props.chosen === null ? null : String(props.chosen)}
      choose={key => props.choose(Number(key))}
      order={order}
      sort={key =>
        setOrder(now => ({
          key: key as SortKey,
          descending: now.key === key ? !now.descending : false
        }))
      }
      mostRows={14}
    />
  );
}

function shown(value: unknown): string {
  return value === undefined || value === null
    ? ''
    : typeof value === 'number'
      ? formatNumber(value)
      : String(value);
}
