import { writeElsewhere } from './elsewhere';

it('a notebook of another tab has its cells before it is opened', async () => {
  const done: unknown[] = [];
  const contents = {
    newUntitled: async () => ({ path: 'Untitled.ipynb' }),
    save: async (path: string, { content }: { content: { cells: object[] } }) =>
      done.push(['saved', path, content])
  };
  const commands = { execute: async (...told: unknown[]) => done.push(told) };
  const kernel = { name: 'python3', display_name: 'Python 3' };
  const write = (cells: string[], known: typeof kernel | null) =>
    writeElsewhere(contents as never, commands as never, known, cells);
  expect(await write(['%load_ext jupyter_kf', '%%kf train a'], kernel)).toBe(
    'Untitled.ipynb'
  );
  const [saved, opened] = done as [[string, string, { cells: unknown }], unknown];
  expect(saved[2]).toMatchObject({
    cells: [{ source: '%load_ext jupyter_kf' }, { source: '%%kf train a' }],
    metadata: { kernelspec: kernel },
    nbformat: 4
  });
  expect(opened).toEqual(['docmanager:open', { path: 'Untitled.ipynb' }]);
  await write([], null);
  expect(done[2]).toMatchObject(['saved', 'Untitled.ipynb', { metadata: {} }]);
});
