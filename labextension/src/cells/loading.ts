/** Whether a notebook loads our magics, and what is done where it does not. Pure. */

export const LOAD = '%load_ext jupyter_kf';

export function loads(source: string): boolean {
  return source.includes(LOAD);
}

/** Is it a cell of our magics? */
export function isOurs(source: string): boolean {
  return /^\s*%%?kf\b/.test(source);
}

/**
 * What shows that a cell of ours needs its magics, in a notebook of these cells.
 *
 * - `run`: a cell that loads them goes above, and runs.
 * - `cell`: it goes above and runs with the others: there is no kernel, and none is started.
 * - `no`: a cell has it.
 *
 * Whether that cell was run in the kernel that ours runs in is seen then: `Ours`.
 */
export function loading(
  sources: readonly string[],
  kernel: boolean
): 'run' | 'cell' | 'no' {
  return sources.some(loads) ? 'no' : kernel ? 'run' : 'cell';
}

/** What is needed of a cell that is about to run. */
export interface IRunning {
  readonly id: string;
  readonly source: string;
  readonly kernel: {
    requestExecute(content: { code: string; silent: boolean }): unknown;
  } | null;
}

/**
 * The cells that we wrote or run as jobs: just before one runs, its kernel loads the magics.
 *
 * Then and not earlier: the kernel may come with the cell, or be another one than when the cell
 * was made, and a cell that loads them, higher up, has not been run in it. A kernel takes requests
 * in their order, and where the magics are loaded, loading them does nothing.
 */
export class Ours {
  add(id: string): void {
    this.ids.add(id);
  }

  /** To be called when a cell is about to be sent to its kernel. */
  runs({ id, source, kernel }: IRunning): void {
    if (this.ids.has(id) && isOurs(source)) {
      kernel?.requestExecute({ code: LOAD, silent: true });
    }
  }

  private readonly ids = new Set<string>();
}
