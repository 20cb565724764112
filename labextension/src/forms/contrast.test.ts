// Our types are the browser's, which has no files.
const { readFileSync } = jest.requireActual<{
  readFileSync: (path: string, encoding: string) => string;
}>('node:fs');

type Colour = readonly [number, number, number];

/** What the two themes of JupyterLab give the variables that the rule mixes, and the page behind. */
const THEMES: { [theme: string]: { [name: string]: Colour } } = {
  light: {
    '--jp-error-color1': [211, 47, 47],
    '--jp-ui-font-color0': [0, 0, 0],
    page: [255, 255, 255]
  },
  dark: {
    '--jp-error-color1': [244, 67, 54],
    '--jp-ui-font-color0': [255, 255, 255],
    page: [33, 33, 33]
  }
};

/** As WCAG 2.2 has it. */
function luminance(colour: Colour): number {
  const [r, g, b] = colour.map(one => {
    const share = one / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one: Colour, other: Colour): number {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

it.each(Object.keys(THEMES))('an error of a form can be read in the %s theme', name => {
  const theme = THEMES[name];
  const css = readFileSync('style/pages.css', 'utf8');
  const rule = css.match(/\n\n\.jp-Kf-fieldError \{([^}]*)\}/)![1];
  const mix = /^ *color: color-mix\(in srgb, var\((\S+)\) (\d+)%, var\((\S+)\)\)/m.exec(
    rule
  )!;
  const share = Number(mix[2]) / 100;
  const text = theme[mix[1]].map(
    (one, at) => share * one + (1 - share) * theme[mix[3]][at]
  ) as unknown as Colour;
  expect(contrast(text, theme['page'])).toBeGreaterThanOrEqual(4.5);
});
