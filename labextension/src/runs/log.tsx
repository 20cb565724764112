/** The log of a run: follows, pauses, searches, downloads; of any size. */
import * as React from 'react';
import { LogWindow } from '../services/log';
import { part } from '../services/rest';
import { AnsiLine } from '../ui/ansi';
import { useKf } from '../ui/context';
import { formatBytes } from '../ui/format';
import { useSignal } from '../ui/hooks';
import { Button, ErrorBox } from '../ui/pieces';
import { VirtualList } from '../ui/virtual';

const LINE_PX = 18;

export function LogView({
  run,
  ended
}: {
  run: string;
  ended: boolean;
}): React.ReactElement {
  const { kf, trans } = useKf();
  const [log] = React.useState(() => new LogWindow(kf, run));
  const [find, setFind] = React.useState('');
  const [hit, setHit] = React.useState<number | null>(null);
  const [missed, setMissed] = React.useState(false);
  useSignal(log.changed);
  React.useEffect(() => {
    log.follow();
    return () => log.dispose();
  }, [log]);
  const search = async (step: 1 | -1) => {
    const from = hit === null ? (step < 0 ? log.lines.length - 1 : 0) : hit + step;
    const found = await log.find(find, from, step);
    setMissed(found === 'none');
    if (typeof found === 'number') {
      setHit(found);
    }
  };
  const scroller = React.useRef<HTMLDivElement | null>(null);
  // Who scrolls up reads in peace; who scrolls to the end again follows again.
  const [stick, setStick] = React.useState(true);
  const earlier = async () => {
    const element = scroller.current;
    const count = await log.earlier();
    if (element && count) {
      setStick(false);
      setHit(now => (now === null ? now : now + count));
      requestAnimationFrame(() => {
        element.scrollTop += count * LINE_PX;
      });
    }
  };
  const onScrolled = (element: HTMLDivElement) => {
    if (!element.clientHeight) {
      return; // nobody scrolled it: its tab is behind another
    }
    scroller.current = element;
    const below = element.scrollHeight - element.scrollTop - element.clientHeight;
    setStick(below < 2 * LINE_PX);
    if (element.scrollTop < 5 * LINE_PX && log.hasEarlier) {
      void earlier();
    } else if (below < 5 * LINE_PX) {
      void log.later();
    }
  };
  return (
    <div className="jp-Kf-log">
      <div className="jp-Kf-logTools" role="toolbar" aria-label={trans.__('Log')}>
        <input
          type="search"
          className="jp-mod-styled"
          placeholder={trans.__('Search the log')}
          aria-label={trans.__('Search the log')}
          value={find}
          onChange={event => {
            setFind(event.target.value);
            setHit(null);
            setMissed(false);
            log.stopSearch();
          }}
          onKeyDown={event =>
            event.key === 'Enter' ? void search(event.shiftKey ? 1 : -1) : undefined
          }
        />
        <Button
          label={trans.__('Previous')}
          disabled={!find}
          onClick={() => void search(-1)}
        />
        <Button
          label={trans.__('Next')}
          disabled={!find}
          onClick={() => void search(1)}
        />
        <span className="jp-Kf-quiet" aria-live="polite">
          {log.searched !== null
            ? trans.__('searched %1…', formatBytes(log.searched))
            : missed
              ? trans.__('not found')
              : ''}
        </span>
        <span className="jp-Kf-grow" />
        {log.hasEarlier ? (
          <Button
            label={trans.__('Earlier lines')}
            onClick={() => void log.earlier()}
          />
        ) : null}
        {log.following ? (
          <Button label={trans.__('Pause')} onClick={() => log.pause()} />
        ) : log.ended && !log.hasLater ? null : (
          <Button
            label={ended ? trans.__('To the end') : trans.__('Follow')}
            onClick={() => {
              setHit(null);
              setStick(true);
              log.follow();
            }}
          />
        )}
        <a
          className="jp-Kf-button jp-mod-styled jp-Kf-link"
          href={kf.rest.url(`runs/${part(run)}/log`, { download: 1 })}
          download
        >
          {trans.__('Download')}
        </a>
      </div>
      {log.error ? <ErrorBox error={log.error} onRetry={() => log.follow()} /> : null}
      {log.lines.length === 0 && !log.error ? (
        <p className="jp-Kf-quiet jp-Kf-pad">
          {log.ended
            ? trans.__('The run printed nothing.')
            : trans.__('Nothing printed so far.')}
        </p>
      ) : (
        <VirtualList
          count={log.lines.length}
          rowHeight={LINE_PX}
          reveal={hit ?? (stick ? log.lines.length - 1 : undefined)}
          onScrolled={onScrolled}
          className="jp-Kf-logLines jp-RenderedText"
          outer={{ role: 'log', tabIndex: 0, 'aria-label': trans.__('Log lines') }}
          render={index => (
            <div className={index === hit ? 'jp-Kf-line jp-mod-hit' : 'jp-Kf-line'}>
              <AnsiLine line={log.lines[index] ?? ''} find={find} />
            </div>
          )}
        />
      )}
    </div>
  );
}
