/** A question in the place of what asks it: one way of asking, for pages and for rows. */
import * as React from 'react';
import { Button } from './button';

/** The focus is on the safe answer, which Escape gives as well; `ui/keepfocus` leads it back. */
export function Asking(props: {
  question: string;
  yes: string;
  no: string;
  onYes: () => void;
  onNo: () => void;
  /** Of the button that says yes: `danger` unless it can be undone. */
  tone?: 'accent' | 'danger';
  className: string;
  style?: React.CSSProperties;
}): React.ReactElement {
  const safe = React.useRef<HTMLButtonElement>(null);
  React.useEffect(() => safe.current?.focus(), []);
  return (
    <div
      className={props.className}
      style={props.style}
      role="group"
      aria-label={props.question}
      onKeyDown={event => {
        if (event.key === 'Escape') {
          event.stopPropagation();
          props.onNo();
        }
      }}
    >
      <span className="jp-Kf-question">{props.question}</span>
      <Button label={props.yes} tone={props.tone ?? 'danger'} onClick={props.onYes} />
      <Button ref={safe} label={props.no} onClick={props.onNo} />
    </div>
  );
}

/** A button that asks back in its own place. */
export function ConfirmButton(props: {
  label: string;
  question: string;
  yes: string;
  no: string;
  onConfirm: () => void;
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
  return (
    <Asking
      className="jp-Kf-confirm"
      question={props.question}
      yes={props.yes}
      no={props.no}
      tone={props.tone}
      onYes={() => {
        ask('');
        props.onConfirm();
      }}
      onNo={() => ask('')}
    />
  );
}
