/** The drawn lineage: SVG lines under buttons, so that each thing is a tab stop with a name. */
import type { LabIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import { CommandIDs } from '../../tokens';
import type { Lineage } from '../../wire';
import { useKf } from '../context';
import {
  datasetIcon,
  endpointIcon,
  modelIcon,
  runIcon,
  studyIcon,
  transformIcon
} from '../icons';
import { layout, NODE_HEIGHT } from './layout';

const ICONS: Record<string, LabIcon> = {
  run: runIcon,
  study: studyIcon,
  model: modelIcon,
  endpoint: endpointIcon,
  transform: transformIcon,
  dataset: datasetIcon
};

export function Graph({ lineage }: { lineage: Lineage }): React.ReactElement {
  const { trans, commands } = useKf();
  const drawing = React.useMemo(() => layout(lineage), [lineage]);
  const { width, height } = drawing;
  return (
    <div className="jp-Kf-lineage" role="group" aria-label={trans.__('Lineage')}>
      <div style={{ width, height }}>
        <svg width={width} height={height} aria-hidden="true">
          {drawing.edges.map(({ from, to, path }) => (
            <path key={`${from} ${to}`} d={path} />
          ))}
        </svg>
        {drawing.nodes.map(({ node, page, name, x, y, width }) => {
          const Icon = ICONS[node.kind];
          const here = node.id === lineage.subject;
          return (
            <button
              key={node.id}
              type="button"
              className={`jp-Kf-node${here ? ' jp-mod-here' : ''}`}
              style={{ left: x, top: y, width, height: NODE_HEIGHT }}
              title={`${node.kind} ${name}`}
              aria-label={trans.__('Open %1 %2', node.kind, name)}
              aria-current={here ? 'true' : undefined}
              disabled={!page}
              onClick={() =>
                page && void commands.execute(CommandIDs.open, { ...page })
              }
            >
              {Icon ? <Icon.react tag="span" aria-hidden="true" /> : null}
              <span className="jp-Kf-nodeText">
                <span className="jp-Kf-quiet">{node.kind}</span>
                <span>{name}</span>
              </span>
            </button>
          );
        })}
      </div>
    </div>
  );
}
