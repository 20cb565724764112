/** Buttons: JupyterLab's own, of one height. */
import * as React from 'react';

const TONES = { plain: '', accent: 'jp-mod-accept', danger: 'jp-mod-warn' };

export const Button = React.forwardRef<
  HTMLButtonElement,
  {
    label: string;
    onClick: () => void;
    /** `accent` for the page's main action, `danger` for what can't be undone. */
    tone?: 'plain' | 'accent' | 'danger';
    disabled?: boolean;
    title?: string;
  }
>(function Button(props, ref): React.ReactElement {
  return (
    <button
      ref={ref}
      type="button"
      className={`jp-Kf-button jp-mod-styled ${TONES[props.tone ?? 'plain']}`}
      disabled={props.disabled}
      title={props.title}
      onClick={props.onClick}
    >
      {props.label}
    </button>
  );
});
