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

/** A study by the id of its run, kept by events. */
export function useStudy(run: string): IFetched<StudyPaper> {
  const { kf } = useKf();
  return useFetched(
    run,
    signal => kf.rest.get<StudyPaper>(`studies/${part(run)}`, {}, signal),
    change => change.thing === 'study' && change.id === run
  );
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
