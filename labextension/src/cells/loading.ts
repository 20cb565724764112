/** Whether a notebook loads our magics, and what is done where it does not. Pure. */

export const LOAD = '%load_ext jupyter_kf';

export function loads(source: string): boolean {
  return source.includes(LOAD);
}

/**
 * What sees that a cell of ours finds its magic, in a notebook of these cells.
 *
 * - `kernel`: a cell loads it, which may not have been run in this kernel: the kernel is told.
 * - `run`: a cell that loads it goes above, and runs.
 * - `cell`: it goes above and runs with the others: there is no kernel, and none is started.
 * - `no`: a cell has it, and there is no kernel to be told.
 */
export function loading(
  sources: readonly string[],
  kernel: boolean
): 'kernel' | 'run' | 'cell' | 'no' {
  if (sources.some(loads)) {
    return kernel ? 'kernel' : 'no';
  }
  return kernel ? 'run' : 'cell';
}
