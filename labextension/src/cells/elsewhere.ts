/**
 * A new notebook where this window has no room for one: in Notebook 7, where it is another tab.
 *
 * What is put into a notebook of another tab is never saved from here, so its file has the cells
 * before it is opened. No widgets.
 */
import type { Contents } from '@jupyterlab/services';
import type { CommandRegistry } from '@lumino/commands';

/** How a kernel is named in a notebook's file; null leaves it to the server. */
export interface IKernelName {
  name: string;
  display_name: string;
}

/** Makes a notebook of these cells, opens it, and gives its path. */
export async function writeElsewhere(
  contents: Pick<Contents.IManager, 'newUntitled' | 'save'>,
  commands: Pick<CommandRegistry, 'execute'>,
  kernel: IKernelName | null,
  cells: readonly string[]
): Promise<string> {
  const { path } = await contents.newUntitled({ type: 'notebook' });
  const content = {
    cells: cells.map(source => ({
      cell_type: 'code',
      execution_count: null,
      metadata: {},
      outputs: [],
      source
    })),
    metadata: kernel ? { kernelspec: kernel } : {},
    nbformat: 4,
    nbformat_minor: 4
  };
  await contents.save(path, { type: 'notebook', format: 'json', content });
  await commands.execute('docmanager:open', { path });
  return path;
}
