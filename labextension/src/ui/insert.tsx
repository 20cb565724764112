/** Cells that go into a notebook, and what is said of it: where they are, or that they are nowhere. */
import { Clipboard } from '@jupyterlab/apputils';
import * as React from 'react';
import { CommandIDs, type IInserted, type IPlace } from '../tokens';
import { ActionNote, useAction } from './action';
import { Button } from './button';
import { useKf } from './context';
import { Inserted } from './inserted';
import { Only } from './may';

interface IAsked {
  cell: string;
  notebook?: string;
  below?: string;
}

/**
 * Inserts a cell and gives the words for it; with no notebook to be had, the cell to copy.
 *
 * @param gone - forgets the words, when the cell was run or is gone.
 */
export function useInsert(
  gone: () => void
): (asked: IAsked, words?: (at: IPlace) => string) => Promise<React.ReactNode> {
  const { trans, commands } = useKf();
  const run = ({ place, path }: IPlace) =>
    trans.__('It is cell %1 of %2 now; run it there.', place, path);
  return async (asked, words = run) => {
    const told: IInserted | null = await commands.execute(CommandIDs.insertCell, {
      ...asked
    });
    return told ? (
      <Inserted told={told} words={words} gone={gone} />
    ) : (
      <Nowhere cell={asked.cell} />
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
  const insert = useInsert(action.clear);
  return (
    <div className="jp-Kf-empty">
      <p>{props.text}</p>
      {code ? (
        <>
          <pre>{code}</pre>
          <Only may="cells">
            <Button
              label={trans.__('Insert into the notebook')}
              disabled={action.busy !== null}
              onClick={() => action.run('insert', () => insert({ cell: code }))}
            />
          </Only>
          <ActionNote action={action} />
        </>
      ) : null}
    </div>
  );
}
