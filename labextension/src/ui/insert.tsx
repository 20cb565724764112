/** Cells that go into a notebook, and what is said of it: where they are, or that they are nowhere. */
import { Clipboard } from '@jupyterlab/apputils';
import * as React from 'react';
import { CommandIDs, type IInserted } from '../tokens';
import { ActionNote, useAction } from './action';
import { Button } from './button';
import { useKf } from './context';

interface IAsked {
  cell: string;
  notebook?: string;
  below?: string;
  loads?: boolean;
}

/** Inserts a cell and gives the words for it; with no notebook to be had, the cell to copy. */
export function useInsert(): (
  asked: IAsked,
  done?: (told: IInserted) => React.ReactNode
) => Promise<React.ReactNode> {
  const { trans, commands } = useKf();
  return async (asked, done) => {
    const told: IInserted | null = await commands.execute(CommandIDs.insertCell, {
      ...asked
    });
    if (!told) {
      return <Nowhere cell={asked.cell} />;
    }
    const { place, path } = told;
    return (
      done?.(told) ?? trans.__('It is cell %1 of %2 now; run it there.', place, path)
    );
  };
}

function Nowhere({ cell }: { cell: string }): React.ReactElement {
  const { trans } = useKf();
  const [copied, set] = React.useState(false);
  return (
    <>
      {trans.__(
        'No notebook is open here, and none was made: the cell is nowhere yet.'
      )}{' '}
      <Button
        label={copied ? trans.__('Copied') : trans.__('Copy the cell')}
        onClick={() => {
          Clipboard.copyToSystem(cell);
          set(true);
        }}
      />
    </>
  );
}

/** Nothing here yet: one sentence, and what to type. */
export function Empty(props: { text: string; code?: string }): React.ReactElement {
  const { trans } = useKf();
  const { code } = props;
  const action = useAction();
  const insert = useInsert();
  return (
    <div className="jp-Kf-empty">
      <p>{props.text}</p>
      {code ? (
        <>
          <pre>{code}</pre>
          <Button
            label={trans.__('Insert into the notebook')}
            disabled={action.busy !== null}
            onClick={() =>
              action.run('insert', () => insert({ cell: code, loads: true }))
            }
          />
          <ActionNote action={action} />
        </>
      ) : null}
    </div>
  );
}
