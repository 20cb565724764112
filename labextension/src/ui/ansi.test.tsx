import * as React from 'react';
import { createRoot } from 'react-dom/client';
import { AnsiLine, settle } from './ansi';

(globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;

function shown(line: string, find?: string): HTMLElement {
  const host = document.createElement('div');
  React.act(() => createRoot(host).render(<AnsiLine line={line} find={find} />));
  return host;
}

describe('a line of a log', () => {
  it('is what a terminal would show after carriage returns', () => {
    expect(settle('  1%|\r 50%|\r100%|done\r')).toBe('100%|done');
  });

  it('loses what moves a cursor or sets a title', () => {
    expect(settle('\x1b]0;title\x07a\x1b[2K\x1b[1Ab')).toBe('ab');
  });

  it('has the terminal’s colours as JupyterLab’s classes', () => {
    const host = shown('\x1b[1;31mred\x1b[0m plain \x1b[92mgreen');
    const spans = [...host.querySelectorAll('span')].map(s => [
      s.className,
      s.textContent
    ]);
    expect(spans).toEqual([
      ['ansi-red-fg ansi-bold', 'red'],
      ['', ' plain '],
      ['ansi-green-intense-fg', 'green']
    ]);
  });

  it('shows HTML and script as text', () => {
    const line = '<img src=x onerror=alert(1)>\x1b[31m<script>alert(2)</script>';
    const host = shown(line);
    expect(host.querySelector('img, script')).toBeNull();
    expect(host.textContent).toBe(
      '<img src=x onerror=alert(1)><script>alert(2)</script>'
    );
  });

  it('marks what is searched for, in any case', () => {
    const marks = shown('Loss and loss', 'LOSS').querySelectorAll('mark');
    expect([...marks].map(m => m.textContent)).toEqual(['Loss', 'loss']);
  });
});
