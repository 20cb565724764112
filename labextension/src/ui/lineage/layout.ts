/** Where the things of a lineage stand: layers from what was used to what was made. Pure. */
import dagre from '@dagrejs/dagre';
import type { Lineage, Node } from '../../wire';
import type { Thing } from '../../tokens';

export const NODE_HEIGHT = 40;
const LETTER_PX = 7;
const LEAST_PX = 96;
const MOST_PX = 220;
const ICON_PX = 40;

export interface IPlaced {
  node: Node;
  /** The page it opens; null where there is none. */
  page: { thing: Thing; id: string } | null;
  name: string;
  x: number;
  y: number;
  width: number;
}

export interface IDrawing {
  width: number;
  height: number;
  nodes: IPlaced[];
  edges: { from: string; to: string; path: string }[];
}

/** A label without the kind that stands before it. */
export function nameOf({ kind, label }: Node): string {
  return label.startsWith(`${kind} `) ? label.slice(kind.length + 1) : label;
}

/** Which page shows a thing. A digest's page is that of its name and version. */
export function pageOf(node: Node): IPlaced['page'] {
  const name = nameOf(node);
  switch (node.kind) {
    case 'run':
      return { thing: 'run', id: node.id };
    case 'endpoint':
      return { thing: 'endpoint', id: name.replace(/@\d+$/, '') };
    case 'model':
    case 'transform':
    case 'dataset':
      return { thing: node.kind, id: name };
    default:
      return null;
  }
}

export function layout(lineage: Pick<Lineage, 'nodes' | 'edges'>): IDrawing {
  const graph = new dagre.graphlib.Graph({ multigraph: false });
  graph.setGraph({ rankdir: 'LR', nodesep: 14, ranksep: 44, marginx: 8, marginy: 8 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const node of lineage.nodes) {
    const letters = Math.max(nameOf(node).length, node.kind.length);
    const width = Math.min(MOST_PX, Math.max(LEAST_PX, letters * LETTER_PX + ICON_PX));
    graph.setNode(node.id, { width, height: NODE_HEIGHT });
  }
  for (const [from, to] of lineage.edges as unknown as [string, string][]) {
    if (graph.hasNode(from) && graph.hasNode(to)) {
      graph.setEdge(from, to);
    }
  }
  dagre.layout(graph);
  const { width = 0, height = 0 } = graph.graph();
  const nodes = lineage.nodes.map(node => {
    const at = graph.node(node.id);
    const place = { x: at.x - at.width / 2, y: at.y - NODE_HEIGHT / 2 };
    return { node, page: pageOf(node), name: nameOf(node), ...place, width: at.width };
  });
  const edges = graph.edges().map(({ v, w }) => ({
    from: v,
    to: w,
    path: curve(graph.edge({ v, w }).points)
  }));
  return { width, height, nodes: inOrder(nodes), edges };
}

/** From left to right, then down: the order in which a keyboard goes through them. */
function inOrder(nodes: IPlaced[]): IPlaced[] {
  return [...nodes].sort((a, b) => a.x - b.x || a.y - b.y);
}

/** A line that leaves and arrives level. */
function curve(points: { x: number; y: number }[]): string {
  const [first, ...rest] = points;
  let path = `M${first.x} ${first.y}`;
  let from = first;
  for (const to of rest) {
    const middle = (from.x + to.x) / 2;
    path += `C${middle} ${from.y} ${middle} ${to.y} ${to.x} ${to.y}`;
    from = to;
  }
  return path;
}
