/** Buttons, and one that asks before it does. */
import * as React from 'react';

export function Button(props: {
  label: string;
  onClick: () => void;
  /** `accent` for the page's main action, `danger` for what can't be undone. */
  tone?: 'plain' | 'accent' | 'danger';
  disabled?: boolean;
  title?: string;
}): React.ReactElement {
  const tones = { plain: '', accent: 'jp-mod-accept', danger: 'jp-mod-warn' };
  return (
    <button
      type="button"
      className={`jp-Kf-button jp-mod-styled ${tones[props.tone ?? 'plain']}`}
      disabled={props.disabled}
      title={props.title}
      onClick={props.onClick}
    >
      {props.label}
    </button>
  );
}

/** A button that asks back in its own place; Escape or the second button leaves it. */
export function ConfirmButton(props: {
  label: string;
  question: string;
  yes: string;
  no: string;
  onConfirm: () => void;
  /** Of the button that says yes: `danger` unless it can be undone. */
  tone?: 'accent' | 'danger';
  disabled?: boolean;
  title?: string;
}): React.ReactElement {
  // Which question is open: in its place another may stand a moment later, which nobody asked.
  const [asked, ask] = React.useState('');
  if (asked !== props.question) {
    return (
      <Button
        label={props.label}
        disabled={props.disabled}
        title={props.title}
        onClick={() => ask(props.question)}
      />
    );
  }
  const leave = (event: React.KeyboardEvent) => {
    if (event.key === 'Escape') {
      event.stopPropagation();
      ask('');
    }
  };
  return (
    <span
      className="jp-Kf-confirm"
      role="group"
      aria-label={props.question}
      onKeyDown={leave}
    >
      <span>{props.question}</span>
      <Button
        label={props.yes}
        tone={props.tone ?? 'danger'}
        onClick={() => {
          ask('');
          props.onConfirm();
        }}
      />
      <Button label={props.no} onClick={() => ask('')} />
    </span>
  );
}
