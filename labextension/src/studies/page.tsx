/** The page of a study: how the search goes, what matters, its trials, and promotion. */
import * as React from 'react';
import { part } from '../services/rest';
import { ENDED } from '../services/validate';
import { Ago } from '../ui/clock';
import { closeWhenRemoved } from '../ui/closing';
import { type IContext, KfWidget, useKf } from '../ui/context';
import { formatDuration, formatNumber, toNumber } from '../ui/format';
import { HistoryPlot } from '../ui/historyplot';
import { ConfirmButton, ProblemBox, Progress, Section } from '../ui/pieces';
import {
  ActionNote,
  Fetched,
  LineageSection,
  PageHead,
  ThingLink,
  useAction
} from '../ui/page';
import { StateBadge } from '../ui/state';
import { useStudy } from '../ui/studyplots';
import { trialWords } from '../ui/trials';
import type { Promoted, StudyPaper } from '../wire';
import { parameters, unpromoted } from './model';
import { ImportancePlot, ParallelPlot } from './plots';
import { Trials } from './trials';

export function makeStudyPage(context: IContext, id: string): KfWidget {
  const page = new KfWidget(context, <StudyPage id={id} />, 'jp-Kf-studyPage');
  return closeWhenRemoved(page, context.kf, id);
}

function StudyPage({ id }: { id: string }): React.ReactElement {
  const told = useStudy(id);
  return <Fetched told={told}>{paper => <Paper paper={paper} />}</Fetched>;
}

function Paper({ paper }: { paper: StudyPaper }): React.ReactElement {
  const { trans } = useKf();
  const { study, space } = paper;
  const [metric, setMetric] = React.useState(0);
  const [chosen, choose] = React.useState<number | null>(null);
  const names = React.useMemo(() => parameters(study, space), [study, space]);
  const { run } = study;
  return (
    <>
      <Head paper={paper} chosen={chosen} />
      {run.state === 'FAILED' && run.error ? <ProblemBox problem={run.error} /> : null}
      {study.trials.length === 0 ? (
        <p className="jp-Kf-quiet jp-Kf-pad">
          {ENDED.has(run.state)
            ? trans.__('It ended before its first trial.')
            : run.reason || trans.__('Its first trial has not begun yet.')}
        </p>
      ) : (
        <div className="jp-Kf-body">
          {study.metrics.length > 1 ? (
            <label className="jp-Kf-inline">
              {trans.__('Metric of the plots')}
              <select
                className="jp-mod-styled jp-Kf-select"
                value={metric}
                onChange={event => setMetric(Number(event.target.value))}
              >
                {study.metrics.map((name, at) => (
                  <option key={name} value={at}>
                    {name}
                  </option>
                ))}
              </select>
            </label>
          ) : null}
          <div className="jp-Kf-columns jp-mod-wideFirst">
            <Section title={trans.__('History')}>
              <HistoryPlot study={study} metric={metric} height={260} />
            </Section>
            <Section title={trans.__('What matters')}>
              <Importance paper={paper} />
            </Section>
          </div>
          <Section title={trans.__('Parallel coordinates')}>
            <ParallelPlot study={study} space={space} metric={metric} chosen={chosen} />
          </Section>
          <Section title={trans.__('Trials')}>
            <Trials study={study} parameters={names} chosen={chosen} choose={choose} />
          </Section>
          <LineageSection thing={run.id} />
        </div>
      )}
    </>
  );
}

function Head(props: { paper: StudyPaper; chosen: number | null }): React.ReactElement {
  const { kf, trans } = useKf();
  const { study } = props.paper;
  const { run } = study;
  const action = useAction();
  const best = study.best[0];
  const number = props.chosen ?? best?.number ?? null;
  const trial = study.trials.find(one => one.number === number);
  const running = !ENDED.has(run.state);
  const refused = trial ? unpromoted(study, trial, trans) : '';
  const promote = () =>
    action.run('promote', async () => {
      const { model } = await kf.rest.post<Promoted>(
        `studies/${part(run.id)}/promote`,
        {
          trial: number
        }
      );
      const label = `${model.name}@${model.version}`;
      return (
        <>
          {trans.__('Trial %1 is model', number!)}{' '}
          <ThingLink thing="model" id={label} />
          {model.notes.map(note => (
            <div key={note}>{note}</div>
          ))}
        </>
      );
    });
  return (
    <>
      <PageHead
        kind={trans.__('Study')}
        title={run.name}
        badge={<StateBadge state={run.state} live />}
        detail={<Detail paper={props.paper} />}
        actions={
          <>
            {running ? (
              <ConfirmButton
                label={trans.__('Cancel study')}
                question={trans.__('Cancel? Finished trials stay.')}
                yes={trans.__('Cancel it')}
                no={trans.__('Go on')}
                onConfirm={() =>
                  action.run('cancel', async () => {
                    await kf.runs.cancel(run.id);
                    return null;
                  })
                }
              />
            ) : null}
            {number !== null && trial ? (
              <ConfirmButton
                key={number}
                label={
                  number === best?.number
                    ? trans.__('Promote the best trial')
                    : trans.__('Promote trial %1', number)
                }
                question={trans.__(
                  'Make trial %1 the newest version of model %2?',
                  number,
                  run.name
                )}
                yes={trans.__('Promote')}
                tone="accent"
                no={trans.__('Not now')}
                title={refused || undefined}
                disabled={refused !== '' || action.busy !== null}
                onConfirm={promote}
              />
            ) : null}
          </>
        }
      />
      {running ? (
        <Progress
          share={run.progress === null ? null : toNumber(run.progress)}
          label={trans.__('Progress of the search')}
        />
      ) : null}
      {refused ? (
        <p className="jp-Kf-quiet jp-Kf-pad" role="status">
          {refused}
        </p>
      ) : null}
      <ActionNote action={action} />
    </>
  );
}

function Detail({ paper }: { paper: StudyPaper }): React.ReactElement {
  const { trans } = useKf();
  const { study } = paper;
  const { run } = study;
  const best = study.best[0];
  const parts = trialWords(study, trans);
  if (best?.values) {
    const values = study.metrics.map(
      (name, at) => `${name} ${formatNumber(best.values![at])}`
    );
    parts.push(trans.__('best: trial %1, %2', best.number, values.join(', ')));
  }
  const remaining = toNumber(run.remaining_s);
  const left = !ENDED.has(run.state) && Number.isFinite(remaining);
  if (left) {
    parts.push(trans.__('%1 left', formatDuration(remaining)));
  }
  return (
    <>
      <span>
        {parts.join(' · ')}
        {left ? null : (
          <>
            {' · '}
            <Ago at_s={run.ended_s ?? run.created_s} />
          </>
        )}
      </span>
      <ThingLink thing="run" id={run.id} label={trans.__('its run')} />
    </>
  );
}

function Importance({ paper }: { paper: StudyPaper }): React.ReactElement {
  const { trans } = useKf();
  if (paper.importance) {
    return <ImportancePlot importance={paper.importance as Record<string, number>} />;
  }
  const text = paper.importance_pending
    ? trans.__('Being computed…')
    : paper.study.trials.filter(one => one.state === 'SUCCEEDED').length < 4
      ? trans.__('Known once four trials have finished.')
      : trans.__(
          'Not known. It needs trials that differ, and Optuna on the server: pip install "jupyter-kf[tune]"'
        );
  return <p className="jp-Kf-quiet">{text}</p>;
}
