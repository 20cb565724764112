/** Labels and their values, one under the other. */
import * as React from 'react';

export function Facts(props: {
  facts: ReadonlyArray<readonly [string, React.ReactNode]>;
}): React.ReactElement {
  return (
    <dl className="jp-Kf-facts">
      {props.facts.map(([label, value]) => (
        <React.Fragment key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </React.Fragment>
      ))}
    </dl>
  );
}
