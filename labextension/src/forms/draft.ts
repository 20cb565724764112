/** A form's cell, asked for. */
import { type IRest, KfError } from '../services/rest';
import type { Draft } from '../wire';

/**
 * What the server makes of a form. Its names are looked up, where the store's things may be read:
 * a refusal lists them, so without that permission the cell is written, and the run says what is
 * missing.
 */
export async function drafted(rest: IRest, body: object): Promise<Draft> {
  try {
    return await rest.post<Draft>('cells', { ...body, known: true });
  } catch (failure) {
    if (failure instanceof KfError && failure.status === 403) {
      return rest.post<Draft>('cells', body);
    }
    throw failure;
  }
}
