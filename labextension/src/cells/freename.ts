/** A name for a cell that is run as a job, which no other notebook has trained under. */
import { newestTrain } from '../services/newest';
import { type IRest, part } from '../services/rest';
import type { RunPaper } from '../wire';

/**
 * The first name that is free here and elsewhere: two notebooks may be called the same.
 *
 * @param path of the notebook; a drive's name may stand before it.
 * @param nameBut a name for the cell that is none of these.
 */
export async function freeName(
  rest: Pick<IRest, 'get'>,
  path: string,
  nameBut: (taken: readonly string[]) => string
): Promise<string> {
  const here = path.replace(/^[^/:]+:/, '');
  const taken: string[] = [];
  for (;;) {
    const name = nameBut(taken);
    if (!(await isElsewhere(rest, name, here))) {
      return name;
    }
    taken.push(name);
  }
}

/** Whether the newest train run of a name was started from another notebook. */
async function isElsewhere(
  rest: Pick<IRest, 'get'>,
  name: string,
  here: string
): Promise<boolean> {
  const id = await newestTrain(rest, name);
  if (!id) {
    return false;
  }
  const { notebook } = await rest.get<RunPaper>(`runs/${part(id)}`);
  return notebook !== null && notebook.path !== here;
}
