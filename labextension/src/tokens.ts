/**
 * What the features share: three tokens, no code of any feature.
 *
 * A feature is one folder with one plugin. It asks for `IKubeflow` (data and its changes) and
 * `IOpeners` (to open a page of one thing), and never imports another feature.
 */
import { Token } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import type { LabIcon } from '@jupyterlab/ui-components';
import type { Widget } from '@lumino/widgets';
import type { IRest } from './services/rest';
import type { IRuns } from './services/runs';
import type { IStreams } from './services/streams';
import type { Change, Thing as WireThing, Where } from './wire';

/** Kinds of things that have a page. */
export type Thing = WireThing | 'compare' | 'form';

/** The data behind all panels: one REST client, one event stream, one place for rows. */
export interface IKubeflow {
  readonly rest: IRest;
  /** Rows of runs by id, kept current by events. */
  readonly runs: IRuns;
  /** Server-sent events, few at a time. */
  readonly streams: IStreams;
  /** Where jobs go; null until the server answered first. */
  readonly where: Where | null;
  /** A sentence when the server can't be reached or refuses; null when all is well. */
  readonly trouble: string | null;
  /** The trouble is that this user may not: the server is there, and answers. */
  readonly denied: boolean;
  /** `where` or `trouble` changed. */
  readonly whereChanged: ISignal<IKubeflow, void>;
  /** One thing changed on the server. */
  readonly changed: ISignal<IKubeflow, Change>;
  /** Changes were missed (a gap, a restarted server, a hidden tab): fetch again what is shown. */
  readonly stale: ISignal<IKubeflow, void>;
  /** Settles once the server answered for the first time, with or without success. */
  readonly ready: Promise<void>;
}

export const IKubeflow = new Token<IKubeflow>(
  'jupyter-kf:IKubeflow',
  'Runs, models and endpoints of jupyter-kf, and their changes.'
);

/** How the page of one kind of thing is made. */
export interface IOpener {
  icon: LabIcon;
  /** The tab's title: always the same for an id, so that a reload does not change it. */
  title(id: string): string;
  /** The tab's tooltip, when it is not the title. */
  caption?(id: string): string;
  /** The page's content; import() it here, so that nothing of it is loaded before. */
  create(id: string): Promise<Widget>;
}

/** Main-area pages by kind of thing: `openers.register('study', {...})`. */
export interface IOpeners {
  register(thing: Thing, opener: IOpener): void;
  has(thing: Thing): boolean;
  /** Shows the page of a thing: the open one, or a new one. */
  open(thing: Thing, id: string): Promise<void>;
}

export const IOpeners = new Token<IOpeners>(
  'jupyter-kf:IOpeners',
  'Opens the page of a run, study, endpoint, model, transform or dataset.'
);

/** So many runs stand side by side at most. */
export const MOST_COMPARED = 8;

/** Where a cell is; `place` counts from 1. */
export interface IPlace {
  path: string;
  place: number;
}

/** A cell that was inserted, followed until it is disposed. */
export interface IInserted extends IDisposable {
  /** Where it is now; null once it was run or is gone. */
  readonly at: IPlace | null;
  readonly changed: ISignal<IInserted, void>;
}

/** Commands that features use of each other, by name only. */
export namespace CommandIDs {
  /** args: {thing, id} */
  export const open = 'jupyter-kf:open';
  export const showPanel = 'jupyter-kf:show-panel';
  /** args: {cell, notebook?, below?}; inserts a cell and shows it; gives IInserted or null. */
  export const insertCell = 'jupyter-kf:insert-cell';
  /** args: {path, cell}; opens a notebook and shows the cell with this id. */
  export const showCell = 'jupyter-kf:show-cell';
  /** Runs the active cell as a job; makes a train cell of it first unless it is one. */
  export const runCellAsJob = 'jupyter-kf:run-cell-as-job';
  export const startNotebook = 'jupyter-kf:start-notebook';
  /** args: {ids: [...]}; runs side by side. */
  export const compareRuns = 'jupyter-kf:compare-runs';
  /** args: {verb}; the launch form of train, tune, serve or batch. */
  export const openForm = 'jupyter-kf:open-form';
}
