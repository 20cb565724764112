/* eslint-disable no-control-regex -- control characters are what this is about */
/** A line of a log as text with the terminal's colours; never as HTML. */
import Anser from 'anser';
import * as React from 'react';

// Everything that moves a cursor or names a window: all but colours (`m`).
const MOVES =
  /\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\[[0-9;?]*[A-Za-ln-z]|\x1b[()][A-Z0-9]/g;

/** What is left of a line on a terminal: after a carriage return it is written anew. */
export function settle(line: string): string {
  const parts = line.replace(MOVES, '').split('\r');
  return parts.reverse().find(text => text !== '') ?? '';
}

/** A line with search hits marked. Colours are those of JupyterLab's own outputs. */
export function AnsiLine(props: { line: string; find?: string }): React.ReactElement {
  const text = settle(props.line);
  if (!text.includes('\x1b[')) {
    return <pre>{marked(text, props.find)}</pre>;
  }
  const pieces = Anser.ansiToJson(text, { use_classes: true, remove_empty: true });
  return (
    <pre>
      {pieces.map((piece, index) => (
        <span key={index} className={classes(piece)}>
          {marked(piece.content, props.find)}
        </span>
      ))}
    </pre>
  );
}

function classes(piece: Anser.AnserJsonEntry): string {
  const named = (colour: string | null, ground: string) =>
    colour
      ? colour.replace(/^ansi-bright-(\w+)$/, 'ansi-$1-intense').replace(/$/, ground)
      : '';
  const bold = piece.decorations?.includes('bold') ? 'ansi-bold' : '';
  return [named(piece.fg, '-fg'), named(piece.bg, '-bg'), bold]
    .filter(Boolean)
    .join(' ');
}

function marked(text: string, find: string | undefined): React.ReactNode {
  if (!find) {
    return text;
  }
  const parts: React.ReactNode[] = [];
  const lower = text.toLowerCase();
  const wanted = find.toLowerCase();
  let from = 0;
  for (let at = lower.indexOf(wanted); at >= 0; at = lower.indexOf(wanted, from)) {
    parts.push(text.slice(from, at));
    parts.push(<mark key={at}>{text.slice(at, at + wanted.length)}</mark>);
    from = at + wanted.length;
  }
  parts.push(text.slice(from));
  return parts;
}
