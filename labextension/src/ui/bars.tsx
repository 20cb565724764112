/** A small histogram as one SVG path: cheap enough for every row of a long table. */
import * as React from 'react';

export function Bars(props: {
  counts: readonly number[];
  label: string;
  width?: number;
  height?: number;
}): React.ReactElement {
  const { counts, width = 120, height = 24 } = props;
  const most = Math.max(...counts, 1);
  const step = width / Math.max(counts.length, 1);
  const gap = Math.min(1, step / 4);
  const path = counts
    .map((count, at) => {
      const tall = count ? Math.max(1, (count / most) * height) : 0;
      const [x, y] = [at * step + gap / 2, height - tall];
      return `M${x.toFixed(1)} ${y.toFixed(1)}h${(step - gap).toFixed(1)}V${height}H${x.toFixed(1)}z`;
    })
    .join('');
  return (
    <svg
      className="jp-Kf-bars"
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={props.label}
    >
      <path d={path} />
    </svg>
  );
}
