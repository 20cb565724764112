/** The page of one run. */
import * as React from 'react';
import { part } from '../services/rest';
import { type IContext, KfWidget, useKf } from '../ui/context';
import { useFetched } from '../ui/hooks';
import { ErrorBox, Skeleton } from '../ui/pieces';
import { StateBadge } from '../ui/state';
import type { RunPaper } from '../wire';

export function makeRunPage(context: IContext, id: string): KfWidget {
  return new KfWidget(context, <RunPage id={id} />, 'jp-Kf-runPage');
}

function RunPage({ id }: { id: string }): React.ReactElement {
  const { kf } = useKf();
  const { data, error, again } = useFetched(
    id,
    signal => kf.rest.get<RunPaper>(`runs/${part(id)}`, {}, signal),
    change => change.id === id
  );
  if (error && !data) {
    return <ErrorBox error={error} onRetry={again} />;
  }
  if (!data) {
    return <Skeleton lines={6} />;
  }
  return (
    <header>
      <h2>{data.run.name}</h2>
      <StateBadge state={data.run.state} live />
    </header>
  );
}
