/** What a certificate says, in sentences. Pure. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { formatNumber } from '../ui/format';
import { valueOf } from '../ui/labels';

export interface IFinding {
  replay: string;
  column: string;
  row: string;
  expected: string;
  got: string;
}

export interface IVerdict {
  ok: boolean;
  /** What was proven, or what failed: one sentence each. */
  says: string[];
  findings: IFinding[];
  warnings: string[];
}

type Certificate = Record<string, unknown>;

export function verdict(certificate: Certificate, trans: TranslationBundle): IVerdict {
  const rows = Number(certificate['rows'] ?? 0);
  const ulp = Number(certificate['ulp'] ?? 0);
  const ok = certificate['ok'] !== false;
  const says = [
    ulp
      ? trans.__(
          '%1 golden rows came out equal in a fresh process, within %2.',
          rows,
          valueOf('ulp', ulp, trans)
        )
      : trans.__('%1 golden rows came out equal to the bit in a fresh process.', rows),
    certificate['row_wise']
      ? trans.__('A row has the same values alone and in any batch.')
      : trans.__('A value depends on the rest of its batch: it is never served online.')
  ];
  const depends = texts(certificate['depends_on']);
  if (!ok) {
    says.splice(0, 1, trans.__('It computes other values in another process.'));
  }
  says.push(...depends.map(what => trans.__('It depends on %1.', what)));
  says.push(
    ...texts(certificate['environment']).map(what =>
      trans.__('Changed since: %1.', what)
    )
  );
  return {
    ok,
    says,
    findings: list(certificate['findings']).map(asFinding),
    warnings: texts(certificate['warnings'])
  };
}

/** Whether a column is read, in a word; of transforms from before it was looked at nobody knows. */
export function readOf(
  certificate: Certificate,
  trans: TranslationBundle
): (column: string) => string {
  const [unread, unknown] = [certificate['unread'], certificate['unknown']].map(
    told => new Set<string>(Array.isArray(told) ? told : [])
  );
  const looked = Array.isArray(certificate['unread']);
  return column =>
    unread.has(column)
      ? trans.__('no')
      : looked && !unknown.has(column)
        ? trans.__('yes')
        : trans.__('not known');
}

function list(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value)
    ? value.filter(one => one && typeof one === 'object')
    : [];
}

/** Sentences: plain texts, or the `why` of an object. */
function texts(value: unknown): string[] {
  return Array.isArray(value)
    ? value.map(one =>
        typeof one === 'string'
          ? one
          : String((one as Record<string, unknown>)?.['why'] ?? JSON.stringify(one))
      )
    : [];
}

function asFinding(told: Record<string, unknown>): IFinding {
  const text = (key: string): string => {
    const value = told[key];
    return typeof value === 'number' ? formatNumber(value, 8) : String(value ?? '');
  };
  return {
    replay: text('replay'),
    column: text('column'),
    row: text('row'),
    expected: text('expected'),
    got: text('got')
  };
}
