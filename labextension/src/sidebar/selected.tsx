/** What can be done with the rows that are selected; there from two on. */
import * as React from 'react';
import { ENDED } from '../services/validate';
import { CommandIDs, MOST_COMPARED } from '../tokens';
import { useKf } from '../ui/context';
import { useMay } from '../ui/may';
import { Button, ConfirmButton } from '../ui/pieces';
import type { RunRow } from '../wire';
import { endingsOf } from './ending';

export function Selected(props: {
  ids: readonly string[];
  clear: () => void;
  end: (runs: RunRow[]) => void;
}): React.ReactElement {
  const { kf, trans, commands } = useKf();
  const count = props.ids.length;
  const many = count > MOST_COMPARED;
  const may = useMay();
  const runs = props.ids.flatMap(id => kf.runs.get(id) ?? []);
  const ended = runs.filter(({ state }) => may(ENDED.has(state) ? 'delete' : 'runs'));
  return (
    <div className="jp-Kf-selected" role="group" aria-label={trans.__('Selected runs')}>
      <div>
        <span className="jp-Kf-quiet" aria-live="polite">
          {many
            ? trans.__('%1 selected; at most %2 compare', count, MOST_COMPARED)
            : trans.__('%1 selected', count)}
        </span>
        <Button label={trans.__('Clear')} onClick={props.clear} />
      </div>
      <div>
        <Button
          label={trans.__('Compare')}
          disabled={many}
          onClick={() =>
            void commands.execute(CommandIDs.compareRuns, { ids: [...props.ids] })
          }
        />
        {endingsOf(ended, trans).map(({ ids, label, question, yes }) => (
          <ConfirmButton
            key={yes}
            label={label}
            question={question}
            yes={yes}
            no={trans.__('Keep')}
            onConfirm={() => props.end(runs.filter(({ id }) => ids.includes(id)))}
          />
        ))}
      </div>
    </div>
  );
}
