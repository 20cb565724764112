/** How a search goes, where it isn't the study's own page: in a cell's output, on its run's page. */
import * as React from 'react';
import { part } from '../services/rest';
import type { Study, StudyPaper } from '../wire';
import { useKf } from './context';
import { valueOf } from './history';
import { HistoryPlot } from './historyplot';
import { formatNumber } from './format';
import { type IFetched, useFetched } from './hooks';
import { useSome } from './some';

/** All trials come whole with each answer: of ten thousand, every three seconds. */
const PACE_MS = 500;
const TRIAL_MS = 0.25;

/** A study by its name or the id of its run, kept by events. */
export function useStudy(id: string): IFetched<StudyPaper> {
  const { kf } = useKf();
  const run = React.useRef(id);
  const told = useFetched(
    id,
    signal => kf.rest.get<StudyPaper>(`studies/${part(id)}`, {}, signal),
    ({ thing, id: of, action }) =>
      (of === run.current || of === id) && (thing === 'study' || action === 'deleted'),
    paper => PACE_MS + TRIAL_MS * (paper?.study.trials.length ?? 0)
  );
  run.current = told.data?.study.run.id ?? id;
  return told;
}

/** One plot for each metric that a trial has a value of, by the trials' numbers. */
export function StudyPlots(props: {
  study: Study;
  height: number;
  most?: number;
  /** Opens the page that has all of them. */
  elsewhere?: () => void;
}): React.ReactElement | null {
  const { study, height } = props;
  const { shown, more } = useSome(
    study.metrics
      .map((name, at) => ({ name, at }))
      .filter(({ at }) =>
        study.trials.some(trial => Number.isFinite(valueOf(trial, at)))
      ),
    props.most ?? Infinity,
    props.elsewhere
  );
  return shown.length ? (
    <>
      <div className="jp-Kf-plots">
        {shown.map(({ name, at }) => (
          <div key={name} className="jp-Kf-metric">
            <div className="jp-Kf-metricHead">
              <span title={name}>{name}</span>
              <b>{study.best[0] ? formatNumber(valueOf(study.best[0], at)) : ''}</b>
            </div>
            <HistoryPlot study={study} metric={at} height={height} compact />
          </div>
        ))}
      </div>
      {more}
    </>
  ) : null;
}
