/** The newest train run of a name: whose cell a search takes, and which notebook has the name. */
import type { RunPage } from '../wire';
import type { IRest } from './rest';

/** Its id; undefined where nothing was trained under that name. */
export async function newestTrain(
  rest: Pick<IRest, 'get'>,
  name: string
): Promise<string | undefined> {
  const query = { kind: 'train', name, limit: 1 };
  return (await rest.get<RunPage>('runs', query)).rows[0]?.id;
}
