/** Where a thing came from and what was made of it; the graph is loaded when first shown. */
import * as React from 'react';
import type { Lineage } from '../../wire';
import { useKf } from '../context';
import { asKfError, useFetched } from '../hooks';
import { ErrorBox, Section, Skeleton } from '../pieces';

type Graphs = typeof import('./graph');

/** A section with the lineage of one thing: a name, name@version, run id or digest. */
export function LineageSection({ thing }: { thing: string }): React.ReactElement {
  const { kf, trans } = useKf();
  const [graphs, setGraphs] = React.useState<Graphs | null>(null);
  const [failed, setFailed] = React.useState<unknown>(null);
  React.useEffect(() => {
    let alive = true;
    import(/* webpackChunkName: "lineage" */ './graph').then(
      module => alive && setGraphs(module),
      failure => alive && setFailed(failure)
    );
    return () => {
      alive = false;
    };
  }, []);
  const { data, error, again } = useFetched(
    thing,
    signal => kf.rest.get<Lineage>('lineage', { thing }, signal),
    change => change.action === 'created' || change.action === 'deleted'
  );
  return (
    <Section title={trans.__('Lineage')}>
      {failed ? (
        <ErrorBox error={asKfError(failed)} />
      ) : error && !data ? (
        <ErrorBox error={error} onRetry={again} />
      ) : data && graphs ? (
        <graphs.Graph lineage={data} />
      ) : (
        <Skeleton lines={2} />
      )}
    </Section>
  );
}
