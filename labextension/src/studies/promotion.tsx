/** Making a trial's model the newest version: where it was chosen, or the best from the page's head. */
import * as React from 'react';
import { part } from '../services/rest';
import { useKf } from '../ui/context';
import { isPruned } from '../ui/history';
import { useMay } from '../ui/may';
import { versioned } from '../ui/names';
import { ActionNote, type IAction, ThingLink, useAction } from '../ui/page';
import { ConfirmButton } from '../ui/pieces';
import { stateWord } from '../ui/state';
import type { Promoted, Study, Trial } from '../wire';
import { unpromoted } from './model';

export interface IPromotion {
  action: IAction;
  /** The models that trials became on this page, by their numbers: `high@2`. */
  made: Readonly<Record<number, string>>;
  /** The same with those of before. */
  known: Readonly<Record<number, string>>;
  promote: (trial: number) => void;
}

export function usePromotion({ run }: Study, before: IPromotion['known']): IPromotion {
  const { kf, trans } = useKf();
  const action = useAction();
  const [made, setMade] = React.useState<IPromotion['made']>({});
  const promote = (trial: number) =>
    action.run('promote', async () => {
      const path = `studies/${part(run.id)}/promote`;
      const { model } = await kf.rest.post<Promoted>(path, { trial });
      const label = versioned(model);
      setMade(known => ({ ...known, [trial]: label }));
      return (
        <>
          {trans.__('Trial %1 is model', trial)} <ThingLink thing="model" id={label} />
          {model.notes.map(note => (
            <div key={note}>{note}</div>
          ))}
        </>
      );
    });
  const known = React.useMemo(() => ({ ...before, ...made }), [before, made]);
  return { action, made, known, promote };
}

/** Asks, and promotes; nothing where that was done. */
export function Promote(props: {
  study: Study;
  trial: Trial;
  promotion: IPromotion;
}): React.ReactElement | null {
  const { trans } = useKf();
  const { study, trial, promotion } = props;
  const { number } = trial;
  const refused = unpromoted(study, trial, trans);
  const may = useMay();
  if (promotion.made[number] || !may('things')) {
    return null;
  }
  return (
    <ConfirmButton
      key={number}
      label={
        number === study.best[0]?.number
          ? trans.__('Promote the best trial')
          : trans.__('Promote trial %1', number)
      }
      question={trans.__(
        'Make trial %1 the newest version of model %2?',
        number,
        study.run.name
      )}
      yes={trans.__('Promote')}
      tone="accent"
      no={trans.__('Not now')}
      title={refused || undefined}
      disabled={refused !== '' || promotion.action.busy !== null}
      onConfirm={() => promotion.promote(number)}
    />
  );
}

/** Why a trial can't be promoted; nothing where it can. */
export function Refused(props: {
  study: Study;
  trial: Trial;
  className?: string;
}): React.ReactElement | null {
  const { trans } = useKf();
  const refused = unpromoted(props.study, props.trial, trans);
  return refused ? (
    <p className={`jp-Kf-quiet ${props.className ?? ''}`} role="status">
      {refused}
    </p>
  ) : null;
}

/** What there is to say of the chosen trial, and to do with it: below the table that cuts it off. */
export function ChosenTrial(props: {
  study: Study;
  trial: Trial;
  promotion: IPromotion;
}): React.ReactElement {
  const { trans } = useKf();
  const { study, trial, promotion } = props;
  const { number, state, reason } = trial;
  const word = isPruned(trial) ? '' : stateWord(state, trans);
  return (
    <div
      className="jp-Kf-chosenTrial"
      role="group"
      aria-label={trans.__('Chosen trial')}
    >
      {reason ? (
        <p>
          <b>{trans.__('Trial %1', number)}</b>{' '}
          {[word, reason].filter(Boolean).join(': ')}
        </p>
      ) : null}
      <Refused study={study} trial={trial} />
      <Promote {...{ study, trial, promotion }} />
      {promotion.known[number] && !promotion.action.done ? (
        <p>
          {trans.__('Trial %1 is model', number)}{' '}
          <ThingLink thing="model" id={promotion.known[number]} />
        </p>
      ) : null}
      <ActionNote action={promotion.action} />
    </div>
  );
}
