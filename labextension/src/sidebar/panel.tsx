/** The sidebar's content: where I am, then the sections, of which any number is open. */
import { caretDownIcon, caretRightIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import '../../style/sidebar.css';
import { type IContext, KfWidget, useKf } from '../ui/context';
import { noPlaceWords, workWords } from '../ui/where';
import { useSignal } from '../ui/hooks';
import { enter } from './enter';
import { Resources } from './resources';
import { SectionList } from './section';
import { type ISection, openOf, sections } from './sections';

/** Which sections are open, beyond a reload of the page. */
export interface IKept {
  /** As it was kept: whatever stands there. */
  open: unknown;
  save: (open: readonly string[]) => void;
}

class PanelWidget extends KfWidget {
  /** Somebody asked for the panel: a reload, which shows it too, does not. */
  protected override onActivateRequest(): void {
    void enter(this.node);
  }
}

/** The widget; made when the sidebar is first shown. */
export function makePanel(context: IContext, kept: IKept): KfWidget {
  return new PanelWidget(context, <Panel {...kept} />, 'jp-Kf-panel');
}

function Panel(kept: IKept): React.ReactElement {
  const { kf, trans } = useKf();
  const first = React.useMemo(() => openOf(kept.open), [kept.open]);
  const [open, setOpen] = React.useState(first);
  React.useEffect(() => {
    if (open !== first) {
      kept.save(open);
    }
  }, [open]);
  const all = React.useMemo(() => sections(kf, trans), [kf, trans]);
  const toggle = (id: string) =>
    setOpen(now => (now.includes(id) ? now.filter(one => one !== id) : [...now, id]));
  return (
    <>
      <WhereLine />
      <div className="jp-Kf-sections">
        {all.map(section => (
          <Fold
            key={section.id}
            {...section}
            open={open.includes(section.id)}
            toggle={toggle}
          >
            <SectionList section={section as ISection} />
          </Fold>
        ))}
        <Fold
          id="resources"
          title={trans.__('Resources')}
          open={open.includes('resources')}
          toggle={toggle}
        >
          <Resources />
        </Fold>
      </div>
    </>
  );
}

function Fold(props: {
  id: string;
  title: string;
  open: boolean;
  toggle: (id: string) => void;
  children: React.ReactNode;
}): React.ReactElement {
  const id = React.useId();
  const Caret = props.open ? caretDownIcon : caretRightIcon;
  return (
    <div className={`jp-Kf-fold${props.open ? ' jp-mod-open' : ''}`}>
      <h3>
        <button
          type="button"
          aria-expanded={props.open}
          aria-controls={id}
          onClick={() => props.toggle(props.id)}
        >
          <Caret.react tag="span" aria-hidden="true" />
          {props.title}
        </button>
      </h3>
      <div id={id} className="jp-Kf-foldBody" hidden={!props.open}>
        {props.open ? props.children : null}
      </div>
    </div>
  );
}

/** Where jobs go; or why nothing can be said. */
function WhereLine(): React.ReactElement {
  const { kf, trans } = useKf();
  useSignal(kf.whereChanged);
  const { where, trouble } = kf;
  const place =
    where && (where.backend === 'local' ? trans.__('this machine') : where.backend);
  return (
    <div
      className="jp-Kf-where"
      title={where ? trans.__('Store: %1', where.store) : ''}
    >
      <div>
        {where ? (
          <>
            {trans.__('Jobs run on')} <b>{place}</b>
            {where.namespace ? ` · ${where.namespace}` : ''}
          </>
        ) : (
          noPlaceWords(kf, trans)
        )}
      </div>
      <div className="jp-Kf-quiet" aria-live="polite">
        {trouble ?? (where ? workWords(where, trans) : '')}
      </div>
    </div>
  );
}
