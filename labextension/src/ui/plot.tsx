/** A place for a plot: keeps its size, loads the library when it is first shown. */
import * as React from 'react';
import { useKf } from './context';
import { useSize } from './hooks';

type Plots = typeof import('./plots');

export function PlotView(props: {
  /** What the plot shows, in words, for those who don't see it. */
  label: string;
  height: number;
  /** Draws; called again when `data` or the size changed. */
  draw: (plots: Plots, size: { width: number; height: number }) => Element;
  data: unknown;
}): React.ReactElement {
  const { trans } = useKf();
  const ref = React.useRef<HTMLDivElement>(null);
  const { width } = useSize(ref);
  const [plots, setPlots] = React.useState<Plots | null>(loaded);
  const [failed, setFailed] = React.useState(false);
  React.useEffect(() => {
    let alive = true;
    void load().then(
      module => alive && setPlots(module),
      () => alive && setFailed(true)
    );
    return () => {
      alive = false;
    };
  }, []);
  React.useLayoutEffect(() => {
    const element = ref.current;
    if (element && plots && width) {
      element.replaceChildren(props.draw(plots, { width, height: props.height }));
    }
    // `draw` is a new function at each render; `data` says whether it would draw the same.
  }, [plots, width, props.height, props.data]);
  return (
    <figure className="jp-Kf-plot" aria-label={props.label} role="img">
      {/* The label says it all: the drawing's own words are axes and marks. */}
      <div ref={ref} style={{ height: props.height }} aria-hidden={!failed}>
        {failed ? trans.__('The plot could not be loaded; reload the page.') : null}
      </div>
    </figure>
  );
}

let loaded: Plots | null = null;

async function load(): Promise<Plots> {
  return (loaded ??= await import(/* webpackChunkName: "plots" */ './plots'));
}
