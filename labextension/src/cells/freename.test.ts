import { freeName } from './freename';
import { jobName } from './naming';

/** A server that knows these names, each last trained from this notebook; '' for none. */
function knowing(names: Record<string, string>) {
  return {
    get: async <T>(path: string, query: Record<string, unknown> = {}): Promise<T> => {
      if (path === 'runs') {
        const name = String(query['name']);
        return { rows: name in names ? [{ id: `${name}-1` }] : [] } as T;
      }
      const told = names[path.slice('runs/'.length, -2)];
      return { notebook: told ? { path: told, cell: '', there: true } : null } as T;
    }
  };
}

type There = ReturnType<typeof knowing>;

function named(there: There, path: string, cells: string[] = []): Promise<string> {
  return freeName(there, path, taken => jobName(path, cells, taken));
}

describe('a cell that is run as a job', () => {
  it('gets no name under which another notebook has trained', async () => {
    const there = knowing({ sales: 'a/sales.ipynb', 'sales-2': 'c/sales.ipynb' });
    expect(await named(there, 'b/sales.ipynb')).toBe('sales-3');
    expect(await named(there, 'a/sales.ipynb')).toBe('sales');
    expect(await named(there, 'RTC:a/sales.ipynb')).toBe('sales');
  });

  it('may have one that a script or a console used, and none of this notebook’s cells', async () => {
    const there = knowing({ sales: '' });
    expect(await named(there, 'b/sales.ipynb')).toBe('sales');
    const cells = ['%%kf train sales\n1'];
    expect(await named(there, 'b/sales.ipynb', cells)).toBe('sales-2');
  });
});
