/** An error as it is shown. */
import * as React from 'react';
import { Button } from './button';
import { useKf } from './context';
import { mistakes } from './problems';

/** What happened, why, and what to do: the server's own words. */
export function ProblemBox(props: {
  problem: { code: string; message: string; cause?: string; fix?: string };
  onRetry?: () => void;
}): React.ReactElement {
  const { trans } = useKf();
  const all = mistakes(props.problem);
  return (
    <div className="jp-Kf-problem" role="alert">
      {all.map(({ message, cause, fix }, at) => (
        <React.Fragment key={at}>
          <div className="jp-Kf-problemHead">
            <span>{message}</span>
            {at ? null : <code>{props.problem.code}</code>}
          </div>
          {cause ? (
            <div>
              <b>{trans.__('Cause')}</b> {cause}
            </div>
          ) : null}
          {fix && fix !== all[at + 1]?.fix ? (
            <div>
              <b>{trans.__('Fix')}</b> {fix}
            </div>
          ) : null}
        </React.Fragment>
      ))}
      {props.onRetry ? (
        <Button label={trans.__('Try again')} onClick={props.onRetry} />
      ) : null}
    </div>
  );
}
