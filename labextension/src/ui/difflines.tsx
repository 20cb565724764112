/** Two texts as the lines in which they differ, with a few around them. */
import * as React from 'react';
import { useKf } from './context';
import { folded, type ILine, lineDiff } from './diff';

const AROUND = 3;

export function DiffLines(props: {
  old: string;
  now: string;
  /** Whose each text is. */
  names: readonly [string, string];
  label: string;
}): React.ReactElement {
  const { trans } = useKf();
  const { old, now, names } = props;
  const lines = React.useMemo(() => folded(lineDiff(old, now), AROUND), [old, now]);
  return (
    <>
      <p className="jp-Kf-quiet">
        {trans.__('− only in %1, + only in %2', names[0], names[1])}
      </p>
      <div className="jp-Kf-source" role="region" tabIndex={0} aria-label={props.label}>
        <pre className="jp-Kf-diff">
          {lines.map((line, at) => (
            <Line key={at} line={line} />
          ))}
        </pre>
      </div>
    </>
  );
}

function Line({ line }: { line: ILine | number }): React.ReactElement {
  const { trans } = useKf();
  if (typeof line === 'number') {
    return (
      <span className="jp-Kf-quiet">
        {trans._n('… %1 equal line', '… %1 equal lines', line)}
      </span>
    );
  }
  const Part = line.mark === '+' ? 'ins' : line.mark === '-' ? 'del' : 'span';
  return <Part>{`${line.mark === '-' ? '−' : line.mark} ${line.text}`}</Part>;
}
