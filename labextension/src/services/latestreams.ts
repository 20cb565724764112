/**
 * Streams whose code is loaded with the first: pages open them, and JupyterLab starts without.
 *
 * Where it can't be loaded, who asked is told to wait, as where all places are taken: it fetches.
 */
import type { IDisposable } from '@lumino/disposable';
import type { IRest } from './rest';
import type { IStreamOptions, IStreams } from './streams';

export class LateStreams implements IStreams {
  constructor(
    private readonly rest: IRest,
    private readonly load = () => import(/* webpackChunkName: "streams" */ './streams')
  ) {}

  open(path: string, options: IStreamOptions): IDisposable {
    let opened: IDisposable | null = null;
    let disposed = false;
    this.streams().then(
      streams => {
        if (!disposed) {
          opened = streams.open(path, options);
        }
      },
      () => {
        if (!disposed) {
          options.onWait?.();
        }
      }
    );
    return {
      get isDisposed() {
        return disposed || (opened?.isDisposed ?? false);
      },
      dispose: () => {
        disposed = true;
        opened?.dispose();
      }
    };
  }

  private async streams(): Promise<IStreams> {
    const { Streams } = await this.load();
    return (this.made ??= new Streams(this.rest));
  }

  private made: IStreams | null = null;
}
