/** Where an inserted cell is, until it is run or gone. Imports types only. */
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import type { IInserted, IPlace } from '../tokens';

interface ISignalLike {
  connect(slot: () => void, context: unknown): unknown;
}

/** What is needed of a cell's model. */
export interface ICellLike {
  readonly id: string;
  readonly stateChanged: ISignalLike;
  /** Of code, once it has run. */
  readonly executionCount?: number | null;
}

/** What is needed of a notebook's panel. */
export interface IPanelLike extends IDisposable {
  readonly disposed: ISignalLike;
  readonly context: { readonly path: string; readonly pathChanged: ISignalLike };
  readonly content: {
    readonly model: {
      readonly cells: Iterable<ICellLike> & { readonly changed: ISignalLike };
    } | null;
  };
}

export class CellLife implements IInserted {
  constructor(
    private readonly panel: IPanelLike,
    private readonly id: string
  ) {
    const { context, content, disposed } = panel;
    content.model?.cells.changed.connect(this.look, this);
    context.pathChanged.connect(this.look, this);
    disposed.connect(this.look, this);
    const cell = [...(content.model?.cells ?? [])].find(one => one.id === id);
    this.counted = cell?.executionCount ?? null;
    this.look();
  }

  get at(): IPlace | null {
    return this.place;
  }

  readonly changed = new Signal<this, void>(this);

  get isDisposed(): boolean {
    return this.over;
  }

  dispose(): void {
    this.over = true;
    Signal.clearData(this);
  }

  private look(): void {
    const now = this.find();
    const same = now?.place === this.place?.place && now?.path === this.place?.path;
    this.place = now;
    if (!same) {
      this.changed.emit();
    }
    if (!now) {
      this.dispose();
    }
  }

  private find(): IPlace | null {
    const { content, context, isDisposed } = this.panel;
    const cells = isDisposed ? [] : [...(content.model?.cells ?? [])];
    const index = cells.findIndex(({ id }) => id === this.id);
    const cell = cells[index];
    const count = cell?.executionCount ?? null;
    if (!cell || (count !== null && count !== this.counted)) {
      return null;
    }
    if (cell !== this.cell) {
      this.cell = cell; // a cell that is moved gets another model
      cell.stateChanged.connect(this.look, this);
    }
    return { path: context.path, place: index + 1 };
  }

  /** Its number when it was inserted: an empty cell that had run before is used again. */
  private readonly counted: number | null;
  private place: IPlace | null = null;
  private cell: ICellLike | null = null;
  private over = false;
}

/** A cell of another tab's notebook, which nobody here can follow. */
export function fixed(at: IPlace): IInserted {
  const changed = new Signal<IInserted, void>({} as IInserted);
  return { at, changed, isDisposed: false, dispose: () => Signal.clearData(changed) };
}
