/** Parity: what was proven before the traffic, column by column, and the last check since. */
import * as React from 'react';
import { Ago } from '../ui/clock';
import { useKf } from '../ui/context';
import { formatNumber, toNumber } from '../ui/format';
import { Section } from '../ui/pieces';
import { StateIcon } from '../ui/state';
import { Table } from '../ui/table';
import type { Check, Checked, EndpointPaper } from '../wire';

type Finding = Check['findings'][number];

export function Parity(props: {
  paper: EndpointPaper;
  checked: Checked | null;
}): React.ReactElement {
  const { trans } = useKf();
  const { parity } = props.paper;
  return (
    <Section title={trans.__('Parity with training')}>
      <div aria-live="polite">
        {props.checked ? <Found checked={props.checked} /> : null}
      </div>
      {parity ? (
        <>
          <p className="jp-Kf-verdict">
            <StateIcon state={parity.ok ? 'SUCCEEDED' : 'FAILED'} />
            <Ago at_s={parity.checked_s} words={age => sentence(parity, age, trans)} />
          </p>
          <Table
            label={trans.__('Parity, column by column')}
            rows={parity.columns}
            keyOf={column => column.name}
            columns={[
              { key: 'name', title: trans.__('Output'), cell: column => column.name },
              {
                key: 'worst',
                title: trans.__('Largest difference'),
                number: true,
                cell: column =>
                  column.worst === null
                    ? trans._n('at most %1 ulp', 'at most %1 ulp', parity.ulp)
                    : column.ok && column.worst === 0
                      ? trans.__('equal')
                      : formatNumber(column.worst)
              },
              {
                key: 'rows',
                title: trans.__('Golden rows'),
                number: true,
                cell: column => formatNumber(column.rows)
              },
              {
                key: 'ok',
                title: trans.__('Result'),
                cell: column => (column.ok ? trans.__('equal') : trans.__('differs'))
              }
            ]}
          />
          <details className="jp-Kf-more">
            <summary>{trans.__('Ways through the wire')}</summary>
            <Table
              label={trans.__('Ways through the wire')}
              rows={parity.wires}
              keyOf={wire => wire.path}
              columns={[
                { key: 'path', title: trans.__('Way'), cell: wire => wire.path },
                {
                  key: 'rows',
                  title: trans.__('Rows sent'),
                  number: true,
                  cell: wire => trans.__('%1 of %2', wire.rows, wire.of)
                }
              ]}
            />
          </details>
        </>
      ) : (
        <p className="jp-Kf-quiet">
          {trans.__(
            'Not proven yet: golden rows go through the wire before any traffic.'
          )}
        </p>
      )}
    </Section>
  );
}

function sentence(
  parity: NonNullable<EndpointPaper['parity']>,
  when: string,
  trans: ReturnType<typeof useKf>['trans']
): string {
  const rows = parity.columns[0]?.rows ?? 0;
  if (!parity.ok) {
    return trans.__('%1 golden rows differ from training, seen %2', rows, when);
  }
  return parity.ulp
    ? trans.__('%1 golden rows equal within %2 ulp, proven %3', rows, parity.ulp, when)
    : trans.__('%1 golden rows equal to the bit, proven %2', rows, when);
}

/** When it was checked last, and what was found. */
function Found({ checked }: { checked: Checked }): React.ReactElement {
  const { trans } = useKf();
  const { check, at_s } = checked;
  const golden = check.facts['golden rows'];
  const words = (age: string) =>
    !check.ok
      ? trans.__('Checked %1: it differs from training.', age)
      : golden === undefined
        ? trans.__('Checked %1: it computes what training computed.', age)
        : trans.__(
            'Checked %1: it computes what training computed, for all %2 golden rows.',
            age,
            String(golden)
          );
  const told = check.findings.filter(finding => 'message' in finding);
  const rows = check.findings.filter(finding => !('message' in finding));
  return (
    <div className="jp-Kf-checked">
      <p className="jp-Kf-verdict">
        <StateIcon state={check.ok ? 'SUCCEEDED' : 'FAILED'} />
        <Ago at_s={at_s} words={words} />
      </p>
      {told.map((finding, at) => (
        <p key={at}>
          {[finding['message'], finding['cause']].filter(Boolean).join(': ')}
        </p>
      ))}
      {rows.length ? (
        <Table
          label={trans.__('What differs')}
          rows={rows.map((finding, at) => ({ finding, at }))}
          keyOf={({ at }) => String(at)}
          columns={[
            column('path', trans.__('Way')),
            column('column', trans.__('Column')),
            column('row', trans.__('Row')),
            column('expected', trans.__('In training')),
            column('got', trans.__('Now'))
          ]}
        />
      ) : null}
    </div>
  );
}

function column(key: string, title: string) {
  return {
    key,
    title,
    cell: ({ finding }: { finding: Finding }) => {
      const value = finding[key];
      return typeof value === 'number'
        ? formatNumber(toNumber(value))
        : String(value ?? '');
    }
  };
}
