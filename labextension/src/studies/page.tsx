/** The page of a study: how the search goes, what matters, its trials, and promotion. */
import * as React from 'react';
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
import { LookOnly, useMay } from '../ui/may';
import { StateBadge } from '../ui/state';
import { useStudy } from '../ui/studyplots';
import { trialWords } from '../ui/trials';
import type { StudyPaper } from '../wire';
import { parameters } from './model';
import { ImportancePlot, ParallelPlot } from './plots';
import {
  ChosenTrial,
  type IPromotion,
  Promote,
  Refused,
  usePromotion
} from './promotion';
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
  const promotion = usePromotion(study, paper.promoted);
  const trial = study.trials.find(one => one.number === chosen);
  const select = (number: number | null) => {
    promotion.action.clear(); // what was said was said of another
    choose(number);
  };
  return (
    <>
      <Head paper={paper} promotion={trial ? null : promotion} />
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
            <Trials
              study={study}
              parameters={names}
              chosen={chosen}
              choose={select}
              promoted={promotion.known}
            />
            {trial ? <ChosenTrial {...{ study, trial, promotion }} /> : null}
          </Section>
          <LineageSection thing={run.id} />
        </div>
      )}
    </>
  );
}

function Head(props: {
  paper: StudyPaper;
  /** Of the best trial; null where one is chosen, which is promoted at its place. */
  promotion: IPromotion | null;
}): React.ReactElement {
  const { kf, trans } = useKf();
  const { promotion } = props;
  const { study } = props.paper;
  const { run } = study;
  const action = useAction();
  const best = study.best[0];
  const trial = best && study.trials.find(one => one.number === best.number);
  const running = !ENDED.has(run.state);
  const may = useMay();
  return (
    <>
      <PageHead
        kind={trans.__('Study')}
        title={run.name}
        badge={<StateBadge state={run.state} live />}
        detail={<Detail paper={props.paper} />}
        actions={
          <>
            {running && may('runs') ? (
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
            {promotion && trial ? <Promote {...{ study, trial, promotion }} /> : null}
          </>
        }
      />
      {running ? (
        <Progress
          share={run.progress === null ? null : toNumber(run.progress)}
          label={trans.__('Progress of the search')}
        />
      ) : null}
      {promotion && trial ? (
        <Refused study={study} trial={trial} className="jp-Kf-pad" />
      ) : null}
      <LookOnly may={running ? 'runs' : 'things'} className="jp-Kf-pad" />
      <ActionNote action={action} />
      {promotion ? <ActionNote action={promotion.action} /> : null}
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
