/** The lines in which the code of two runs, and of their transforms, differs. */
import * as React from 'react';
import { useKf } from '../ui/context';
import { DiffLines } from '../ui/difflines';
import { Section } from '../ui/pieces';
import type { ComparePaper } from '../wire';
import { type Prepared, preparedBy } from './model';

/** What differs in the code of two runs, line by line. */
export function CodeLines({ paper }: { paper: ComparePaper }): React.ReactElement {
  const { trans } = useKf();
  const { runs, code } = paper;
  const [old, now] = code;
  return (
    <Section title={trans.__('Code')}>
      {code.length === 2 && old && now ? (
        <DiffLines
          old={old}
          now={now}
          names={[runs[0].id, runs[1].id]}
          label={trans.__('Lines of code that differ')}
        />
      ) : (
        <p className="jp-Kf-quiet">
          {code.includes(null)
            ? trans.__('Not all of them have code that can be shown.')
            : trans.__('It differs; leave all but two runs out to see its lines.')}
        </p>
      )}
    </Section>
  );
}

/** The same of the transforms that prepared their rows; nothing where that was one, or none. */
export function TransformLines({
  paper
}: {
  paper: ComparePaper;
}): React.ReactElement | null {
  const { trans } = useKf();
  const told = preparedBy(paper);
  if (!told) {
    return null;
  }
  return (
    <Section title={trans.__('Code of the transforms')}>
      {told === 'several' ? (
        <p className="jp-Kf-quiet">
          {trans.__('They differ; leave all but two runs out to see their lines.')}
        </p>
      ) : (
        <Pair old={told[0]} now={told[1]} />
      )}
    </Section>
  );
}

function Pair({ old, now }: { old: Prepared; now: Prepared }): React.ReactElement {
  const { trans } = useKf();
  if (old.code === null || now.code === null) {
    const lost = [old, now].filter(({ code }) => code === null).map(({ name }) => name);
    return (
      <p className="jp-Kf-quiet">
        {trans.__('The store has lost the code of %1.', lost.join(', '))}
      </p>
    );
  }
  return old.code === now.code ? (
    <p className="jp-Kf-quiet">
      {trans.__(
        '%1 and %2 have the same code, and learnt from other rows.',
        old.name,
        now.name
      )}
    </p>
  ) : (
    <DiffLines
      old={old.code}
      now={now.code}
      names={[old.name, now.name]}
      label={trans.__('Lines of the transforms that differ')}
    />
  );
}
