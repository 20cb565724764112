/** Things of a lineage as links: who uses this, what is behind. */
import * as React from 'react';
import type { Thing } from '../tokens';
import type { Node } from '../wire';
import { useKf } from './context';
import { kindWord } from './kinds';
import { ThingLink } from './page';

/** The page of a node; null where it has none. */
export function pageOf(node: Node): { thing: Thing; id: string } | null {
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

/** A node's label without its kind. */
export function nameOf({ kind, label }: Node): string {
  return label.startsWith(`${kind} `) ? label.slice(kind.length + 1) : label;
}

export function NodeLink({ node }: { node: Node }): React.ReactElement {
  const page = pageOf(node);
  return page ? (
    <ThingLink {...page} label={nameOf(node)} title={node.id} />
  ) : (
    <span>{nameOf(node)}</span>
  );
}

/** A list of links, the kind before each; one sentence when there is none. */
export function NodeList(props: {
  nodes: readonly Node[];
  none: string;
}): React.ReactElement {
  const { trans } = useKf();
  if (!props.nodes.length) {
    return <p className="jp-Kf-quiet">{props.none}</p>;
  }
  return (
    <ul className="jp-Kf-nodes">
      {props.nodes.map(node => (
        <li key={`${node.kind} ${node.id}`}>
          <span className="jp-Kf-quiet">{kindWord(node.kind, trans)}</span>{' '}
          <NodeLink node={node} />
        </li>
      ))}
    </ul>
  );
}
