/** Where a thing came from and where it went, as a graph that can be walked. */
import * as React from 'react';
import { CommandIDs, type Thing } from '../tokens';
import { useKf } from './context';
import { useFetched } from './hooks';
import { ErrorBox, Skeleton } from './pieces';

export interface INode {
  id: string;
  kind: string;
  label: string;
}

export interface ILineage {
  subject: string;
  nodes: INode[];
  edges: [string, string][];
}

interface IPlaced {
  width: number;
  height: number;
  nodes: { node: INode; x: number; y: number }[];
  paths: string[];
}

const WIDTH = 190;
const HEIGHT = 44;

export function LineageView({ thing }: { thing: string }): React.ReactElement {
  const { kf, trans } = useKf();
  const { data, error, again } = useFetched(
    thing,
    signal => kf.rest.get<ILineage>('lineage', { thing }, signal),
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
  if (error && !data) {
    return <ErrorBox error={error} onRetry={again} />;
  }
  if (!data || !placed) {
    return <Skeleton lines={4} />;
  }
  return (
    <div className="jp-Kf-lineage">
      <svg
        width={placed.width}
        height={placed.height}
        role="group"
        aria-label={trans.__('Lineage')}
      >
        <defs>
          <marker
            id="jp-Kf-arrow"
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
            markerEnd="url(#jp-Kf-arrow)"
          />
        ))}
        {placed.nodes.map(({ node, x, y }) => (
          <Node key={node.id} node={node} x={x} y={y} here={node.id === data.subject} />
        ))}
      </svg>
    </div>
  );
}

function Node(props: {
  node: INode;
  x: number;
  y: number;
  here: boolean;
}): React.ReactElement {
  const { commands } = useKf();
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
        <span className="jp-Kf-quiet">{node.kind}</span>
        <span>{node.label.replace(new RegExp(`^${node.kind} `), '')}</span>
      </button>
    </foreignObject>
  );
}

function targetOf(node: INode): { thing: Thing; id: string } | null {
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
async function place({ nodes, edges }: ILineage): Promise<IPlaced> {
  const dagre = await import(/* webpackChunkName: "lineage" */ '@dagrejs/dagre');
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: 'LR', nodesep: 16, ranksep: 56, marginx: 16, marginy: 16 });
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
    paths: edges.map(([from, to]) => {
      const [a, b] = [at(from), at(to)];
      const [x0, x1] = [a.x + WIDTH / 2, b.x - WIDTH / 2 - 2];
      const mid = (x0 + x1) / 2;
      return `M${x0} ${a.y}C${mid} ${a.y} ${mid} ${b.y} ${x1} ${b.y}`;
    })
  };
}
