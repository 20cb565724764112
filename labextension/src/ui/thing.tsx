/** The page of something that has versions: the frame that datasets, transforms and models share. */
import * as React from 'react';
import { part } from '../services/rest';
import type { Change, Version } from '../wire';
import { Ago } from './clock';
import { useKf } from './context';
import { shortDigest, versioned } from './names';
import { Fetched, LineageSection, PageHead, useKept, VersionSelect } from './page';

/** What all of their answers hold. */
export interface IVersioned {
  thing: { name: string; version: number; digest: string };
  versions: readonly Version[];
}

/** Head with the versions to choose from, the thing's own body, and its lineage. */
export function ThingPage<T extends IVersioned>(props: {
  /** As it was opened: name, name@version or digest. */
  id: string;
  /** The route of its kind: `datasets`. */
  route: string;
  /** Its kind in a word. */
  kind: string;
  concerns: (change: Change) => boolean;
  /** What the head says beside the digest. */
  detail?: (paper: T) => React.ReactNode;
  actions?: (paper: T) => React.ReactNode;
  /** Below the head. */
  note?: React.ReactNode;
  children: (paper: T, choose: (n: number) => void) => React.ReactNode;
}): React.ReactElement {
  const { kf } = useKf();
  const { route } = props;
  const [ref, setRef] = React.useState(props.id);
  const told = useKept(
    ref,
    signal => kf.rest.get<T>(`${route}/${part(ref)}`, {}, signal),
    props.concerns
  );
  return (
    <Fetched told={told}>
      {paper => {
        const { thing, versions } = paper;
        const choose = (n: number) => setRef(versioned({ ...thing, version: n }));
        return (
          <>
            <PageHead
              kind={props.kind}
              title={versioned(thing)}
              detail={
                <>
                  {props.detail?.(paper)}
                  <code title={thing.digest}>{shortDigest(thing.digest)}</code>
                  <Made versions={versions} shown={thing.version} />
                </>
              }
              actions={
                <>
                  <VersionSelect
                    versions={versions}
                    chosen={thing.version}
                    choose={choose}
                  />
                  {props.actions?.(paper)}
                </>
              }
            />
            {props.note}
            <div className="jp-Kf-body">
              {props.children(paper, choose)}
              <LineageSection thing={thing.digest} />
            </div>
          </>
        );
      }}
    </Fetched>
  );
}

/** When the version that is shown was made. */
function Made(props: {
  versions: readonly Version[];
  shown: number;
}): React.ReactElement | null {
  const { trans } = useKf();
  const made = props.versions.find(({ n }) => n === props.shown);
  return made ? (
    <Ago at_s={made.created_s} words={age => trans.__('made %1', age)} />
  ) : null;
}
