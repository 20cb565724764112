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
