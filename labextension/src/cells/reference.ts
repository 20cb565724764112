import type { Thing } from '../tokens';
import type { RunRow } from '../wire';

/** What the output of a cell that started a run holds. */
export const MIME = 'application/vnd.jupyter-kf.run+json';

/** What the output holds. */
export interface IRunReference {
  format: 1;
  id: string;
  kind: string;
  name: string;
  /** The endpoint's name, when it is one. */
  endpoint?: string;
}

/** The page that "Open" leads to; an endpoint's by its run's name, which it has from the start. */
export function pageOf(
  row: Pick<RunRow, 'id' | 'kind' | 'name'>,
  { endpoint }: IRunReference
): { thing: Thing; id: string } {
  if (row.kind === 'serve') {
    return { thing: 'endpoint', id: endpoint ?? row.name };
  }
  return { thing: row.kind === 'tune' ? 'study' : 'run', id: row.id };
}
