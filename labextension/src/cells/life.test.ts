import { Signal } from '@lumino/signaling';
import { CellLife, type ICellLike, type IPanelLike } from './life';

class Cell implements ICellLike {
  constructor(readonly id: string) {}
  readonly stateChanged = new Signal<this, void>(this);
  executionCount: number | null = null;
  run(): void {
    this.executionCount = 7;
    this.stateChanged.emit();
  }
}

class Panel implements IPanelLike {
  isDisposed = false;
  readonly disposed = new Signal<this, void>(this);
  readonly context = { path: 'a.ipynb', pathChanged: new Signal<this, void>(this) };
  readonly list = { changed: new Signal<this, void>(this), all: [] as Cell[] };
  readonly content = {
    model: {
      cells: {
        changed: this.list.changed,
        [Symbol.iterator]: () => this.list.all[Symbol.iterator]()
      }
    }
  };
  put(...ids: string[]): void {
    this.list.all = ids.map(id => new Cell(id));
    this.list.changed.emit();
  }
  rename(path: string): void {
    this.context.path = path;
    this.context.pathChanged.emit();
  }
  dispose(): void {
    this.isDisposed = true;
    this.disposed.emit();
  }
}

function followed() {
  const panel = new Panel();
  panel.put('x', 'mine');
  const life = new CellLife(panel, 'mine');
  const said: unknown[] = [];
  life.changed.connect(() => said.push(life.at && [life.at.place, life.at.path]));
  return { panel, life, said };
}

it('a cell is where it is now, whatever comes before it and however its notebook is called', () => {
  const { panel, life, said } = followed();
  expect(life.at).toEqual({ path: 'a.ipynb', place: 2 });
  panel.put('mine', 'x');
  panel.put('mine', 'x', 'y'); // changes nothing for it
  panel.rename('b.ipynb');
  expect(said).toEqual([
    [1, 'a.ipynb'],
    [1, 'b.ipynb']
  ]);
});

it('a cell is nowhere once it is deleted, run, or its notebook closed, and stays so', () => {
  for (const end of [
    (panel: Panel) => panel.put('x'),
    (panel: Panel) => panel.list.all[1].run(),
    (panel: Panel) => panel.dispose()
  ]) {
    const { panel, life, said } = followed();
    end(panel);
    panel.put('x', 'y', 'mine');
    expect([life.at, life.isDisposed, said]).toEqual([null, true, [null]]);
  }
});

it('a cell that was moved, and so is made anew, is still seen to run', () => {
  const { panel, life } = followed();
  panel.put('mine', 'x');
  panel.list.all[0].run();
  expect(life.at).toBeNull();
});

it('an empty cell that had run before counts as run when it runs again', () => {
  const panel = new Panel();
  panel.put('mine');
  panel.list.all[0].executionCount = 3;
  const life = new CellLife(panel, 'mine');
  expect(life.at?.place).toBe(1);
  panel.list.all[0].run();
  expect(life.at).toBeNull();
});
