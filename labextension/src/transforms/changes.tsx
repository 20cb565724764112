/** What changed between two versions of a transform: the lines of their code. */
import * as React from 'react';
import { part } from '../services/rest';
import { useKf } from '../ui/context';
import { DiffLines } from '../ui/difflines';
import { versioned } from '../ui/names';
import { Fetched, useKept } from '../ui/page';
import { Section } from '../ui/pieces';
import type { TransformPaper } from '../wire';

/** The version before the one that is shown, or the one after the first; any can be chosen. */
export function Changes({
  paper
}: {
  paper: TransformPaper;
}): React.ReactElement | null {
  const { trans } = useKf();
  const { thing, versions } = paper;
  const others = versions.map(({ n }) => n).filter(n => n !== thing.version);
  const [asked, ask] = React.useState<number | null>(null);
  const before = others.filter(n => n < thing.version).pop() ?? others[0];
  if (before === undefined) {
    return null;
  }
  const chosen = asked !== null && others.includes(asked) ? asked : before;
  return (
    <Section
      title={trans.__('What changed')}
      aside={
        <select
          className="jp-mod-styled jp-Kf-select"
          aria-label={trans.__('Compared with version')}
          value={chosen}
          onChange={event => ask(Number(event.target.value))}
        >
          {[...others].reverse().map(n => (
            <option key={n} value={n}>
              {trans.__('against version %1', n)}
            </option>
          ))}
        </select>
      }
    >
      <Between shown={paper} other={versioned({ ...thing, version: chosen })} />
    </Section>
  );
}

function Between(props: { shown: TransformPaper; other: string }): React.ReactElement {
  const { kf, trans } = useKf();
  const told = useKept(
    props.other,
    signal =>
      kf.rest.get<TransformPaper>(`transforms/${part(props.other)}`, {}, signal),
    () => false // a version never changes
  );
  return (
    <Fetched told={told}>
      {other => {
        const [old, now] = [other, props.shown].sort(
          (a, b) => a.thing.version - b.thing.version
        );
        const [before, after] = [old, now].map(({ thing }) => versioned(thing));
        return old.code === now.code ? (
          <p className="jp-Kf-quiet">
            {trans.__(
              'Nothing in the code. What they learnt from their rows may differ.'
            )}
          </p>
        ) : (
          <DiffLines
            old={old.code}
            now={now.code}
            names={[before, after]}
            label={trans.__('Lines of code that differ')}
          />
        );
      }}
    </Fetched>
  );
}
