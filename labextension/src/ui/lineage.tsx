/** Where a thing came from and where it went, as a graph that can be walked. */
import * as React from 'react';
import { CommandIDs, type Thing } from '../tokens';
import { useKf } from './context';
import { useFetched } from './hooks';
import { kindWord } from './kinds';
import { ErrorBox, Skeleton } from './pieces';
import type { Lineage, Node } from '../wire';

interface IPlaced {
  width: number;
  height: number;
  nodes: { node: Node; x: number; y: number }[];
  paths: string[];
}

const WIDTH = 132;
const HEIGHT = 44;
/** It is drawn smaller where it would not fit, as long as it can be read; then it scrolls. */
const SMALLEST = 0.72;

export function LineageView({ thing }: { thing: string }): React.ReactElement {
  const { kf, trans } = useKf();
  const { data, error, again } = useFetched(
    thing,
    signal => kf.rest.get<Lineage>('lineage', { thing }, signal),
    change => change.action !== 'changed'
  );
  const [placed, setPlaced] = React.useState<IPlaced | null>(null);
  React.useEffect(() => {
    let alive = true;
    if (data) {
      void place(data).then(found => alive && setPlaced(found));
    }
    return () => {
      alive = false;
    };
  }, [data]);
  const arrow = React.useId(); // a marker of a hidden page is not drawn, so each has its own
  if (error && !data) {
    return <ErrorBox error={error} onRetry={again} />;
  }
  if (!data || !placed) {
    return <Skeleton lines={4} />;
  }
  return (
    <div className="jp-Kf-lineage">
      <svg
        viewBox={`0 0 ${placed.width} ${placed.height}`}
        style={{ maxWidth: placed.width, minWidth: SMALLEST * placed.width }}
        role="group"
        aria-label={trans.__('Lineage')}
      >
        <defs>
          <marker
            className="jp-Kf-arrow"
            id={arrow}
            viewBox="0 0 8 8"
            refX="7"
            refY="4"
            markerWidth="7"
            markerHeight="7"
            orient="auto"
          >
            <path d="M0 0l8 4-8 4z" />
          </marker>
        </defs>
        {placed.paths.map((path, index) => (
          <path
            key={index}
            className="jp-Kf-edge"
            d={path}
            markerEnd={`url(#${arrow})`}
          />
        ))}
        {placed.nodes.map(({ node, x, y }) => (
          <NodeBox
            key={node.id}
            node={node}
            x={x}
            y={y}
            here={node.id === data.subject}
          />
        ))}
      </svg>
    </div>
  );
}

function NodeBox(props: {
  node: Node;
  x: number;
  y: number;
  here: boolean;
}): React.ReactElement {
  const { commands, trans } = useKf();
  const { node } = props;
  const target = targetOf(node);
  const open = () =>
    target && !props.here && void commands.execute(CommandIDs.open, { ...target });
  return (
    <foreignObject x={props.x} y={props.y} width={WIDTH} height={HEIGHT}>
      <button
        type="button"
        className={`jp-Kf-node${props.here ? ' jp-mod-here' : ''}`}
        title={`${node.label}\n${node.id}`}
        aria-current={props.here || undefined}
        onClick={open}
      >
        <span className="jp-Kf-quiet">{kindWord(node.kind, trans)}</span>
        <span>{node.label.replace(new RegExp(`^${node.kind} `), '')}</span>
      </button>
    </foreignObject>
  );
}

function targetOf(node: Node): { thing: Thing; id: string } | null {
  if (node.kind === 'run') {
    return { thing: 'run', id: node.id };
  }
  if (['dataset', 'transform', 'model', 'endpoint'].includes(node.kind)) {
    const name = node.label.replace(`${node.kind} `, '');
    const plain = node.kind === 'endpoint' ? name.replace(/@\d+$/, '') : name;
    return { thing: node.kind as Thing, id: plain };
  }
  return null;
}

/** Columns from what was used to what was made; the library orders them with few crossings. */
async function place({ nodes, edges }: Lineage): Promise<IPlaced> {
  const dagre = await import(/* webpackChunkName: "lineage" */ '@dagrejs/dagre');
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: 'LR', nodesep: 14, ranksep: 26, marginx: 2, marginy: 12 });
  graph.setDefaultEdgeLabel(() => ({}));
  nodes.forEach(({ id }) => graph.setNode(id, { width: WIDTH, height: HEIGHT }));
  edges.forEach(([from, to]) => graph.setEdge(from, to));
  dagre.layout(graph);
  const { width = 0, height = 0 } = graph.graph();
  const at = (id: string) => graph.node(id) as { x: number; y: number };
  return {
    width,
    height,
    nodes: nodes.map(node => ({
      node,
      x: at(node.id).x - WIDTH / 2,
      y: at(node.id).y - HEIGHT / 2
    })),
    paths: graph.edges().map(edge => {
      const bends = graph.edge(edge).points.slice(1, -1);
      const [a, b] = [at(edge.v), at(edge.w)];
      const start = { x: a.x + WIDTH / 2, y: a.y };
      return curve([start, ...bends, { x: b.x - WIDTH / 2 - 2, y: b.y }]);
    })
  };
}

/** Through the bends that lead it around other things, level at each. */
function curve(points: { x: number; y: number }[]): string {
  let from = points[0];
  let path = `M${from.x} ${from.y}`;
  for (const to of points.slice(1)) {
    const mid = (from.x + to.x) / 2;
    path += `C${mid} ${from.y} ${mid} ${to.y} ${to.x} ${to.y}`;
    from = to;
  }
  return path;
}
