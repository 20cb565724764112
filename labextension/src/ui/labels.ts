/** Fields of specs and records in words. Pure. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { fieldName } from './fieldnames';
import { formatNumber } from './format';

/** What a form calls a field; one that only a newer server has is its own name, tidied. */
export function nameOf(field: string, trans: TranslationBundle): string {
  const tidied = field.charAt(0).toUpperCase() + field.slice(1).replace(/_/g, ' ');
  return fieldName(field, trans) ?? tidied;
}

/** What a page calls a field that was set, or something that a run left. */
export function labelOf(field: string, trans: TranslationBundle): string {
  const known: Record<string, string> = {
    data: trans.__('Dataset'),
    dataset: trans.__('Dataset'),
    source: trans.__('Made from'),
    ulp: trans.__('Allowed difference'),
    cpu: trans.__('Cores'),
    gpu: trans.__('GPUs'),
    env: trans.__('Environment'),
    input: trans.__('Files read'),
    output: trans.__('Folder written'),
    run: trans.__('Cell of run'),
    version: trans.__('Back to version'),
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
    reused: trans.__('Made before, reused'),
    log_rate: trans.__('Share of requests logged'),
    max_body: trans.__('Largest request'),
    max_rows: trans.__('Most rows in a request'),
    combine: trans.__('Combines waiting requests'),
    complete: trans.__('Completed'),
    pruned: trans.__('Ended early'),
    vanished: trans.__('Lost')
  };
  return known[field] ?? (field.startsWith('param ') ? field : nameOf(field, trans));
}

/** What stands beside the label: a value as people write it, never as JSON. */
export function valueOf(
  field: string,
  value: unknown,
  trans: TranslationBundle
): string {
  if (field === 'ulp' && typeof value === 'number') {
    return value
      ? trans._n('%1 unit in the last place', '%1 units in the last place', value)
      : trans.__('none: equal to the bit');
  }
  if (value === null || value === undefined) {
    return '';
  }
  if (typeof value === 'boolean') {
    return value ? trans.__('yes') : trans.__('no');
  }
  if (typeof value === 'number') {
    return formatNumber(value, 6);
  }
  const inner = (one: unknown) => valueOf('', one, trans);
  if (Array.isArray(value)) {
    return value.map(inner).filter(Boolean).join(', ');
  }
  return typeof value === 'object'
    ? Object.entries(value)
        .map(([name, one]) => `${name}=${inner(one)}`)
        .join(', ')
    : String(value);
}

/** Where jobs of a back end run. */
export function placeOf(backend: string, trans: TranslationBundle): string {
  return backend === 'local' ? trans.__('this machine') : backend;
}
