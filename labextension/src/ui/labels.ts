/** Fields of specs and records in words; what is not listed is its own name, tidied. Pure. */
import type { TranslationBundle } from '@jupyterlab/translation';

/** `time_limit` as "Time limit". */
export function tidied(field: string): string {
  return field[0].toUpperCase() + field.slice(1).replace(/_/g, ' ');
}

/** What a page calls a field that was set, or something that a run left. */
export function labelOf(field: string, trans: TranslationBundle): string {
  const known: Record<string, string> = {
    data: trans.__('Dataset'),
    source: trans.__('Made from'),
    ulp: trans.__('Allowed difference, in ulp'),
    cpu: trans.__('Cores'),
    gpu: trans.__('GPUs'),
    env: trans.__('Environment'),
    input: trans.__('Files read'),
    output: trans.__('Folder written'),
    run: trans.__('Cell of run'),
    resume: trans.__('Continues study'),
    best: trans.__('Best trials'),
    trial: trans.__('Trial'),
    counts: trans.__('Trials by outcome'),
    flavour: trans.__('Saved as'),
    travelled: trans.__('From the notebook'),
    unread: trans.__('Not read by the cell'),
    without_target: trans.__('Rows left out, without a target'),
    fitted_elsewhere: trans.__('To know'),
    row_wise: trans.__('Row by row'),
    golden_rows: trans.__('Golden rows replayed'),
    reused: trans.__('Made before, reused')
  };
  return known[field] ?? (field.startsWith('param ') ? field : tidied(field));
}
