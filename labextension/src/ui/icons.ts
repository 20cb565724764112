/** Our icons; JupyterLab colours them by its theme through the jp-icon classes. */
import { LabIcon } from '@jupyterlab/ui-components';

function icon(name: string, inner: string): LabIcon {
  const attributes =
    'xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24" fill="none" ' +
    'stroke-linecap="round" stroke-linejoin="round"';
  const group = `<g class="jp-icon3" stroke="#616161" stroke-width="2">${inner}</g>`;
  return new LabIcon({
    name: `jupyter-kf:${name}`,
    svgstr: `<svg ${attributes}>${group}</svg>`
  });
}

/** A cell that flows into a running service. */
export const kubeflowIcon = icon(
  'kubeflow',
  '<rect x="3" y="3" width="8" height="7" rx="1.5"/><path d="M7 10v5a4 4 0 0 0 4 4h2"/>' +
    '<circle cx="17" cy="19" r="3"/><path d="M11 6.5h4a3 3 0 0 1 3 3V16"/>'
);
export const runIcon = icon(
  'run',
  '<circle cx="12" cy="12" r="8"/><path d="M10 8.5v7l5.5-3.5z"/>'
);
export const studyIcon = icon(
  'study',
  '<path d="M4 4v16h16"/><path d="M7 15l4-5 3 3 5-7"/>'
);
export const modelIcon = icon(
  'model',
  '<path d="M12 3l8 4.5v9L12 21l-8-4.5v-9z"/><path d="M4 7.5l8 4.5 8-4.5M12 12v9"/>'
);
export const endpointIcon = icon(
  'endpoint',
  '<circle cx="12" cy="12" r="3"/><path d="M5.6 5.6a9 9 0 0 0 0 12.8M18.4 5.6a9 9 0 0 1 0 12.8"/>'
);
export const transformIcon = icon(
  'transform',
  '<path d="M4 7h9a3 3 0 0 1 3 3v7"/><path d="M12.5 13.5L16 17l3.5-3.5"/><path d="M4 17h5"/>'
);
export const datasetIcon = icon(
  'dataset',
  '<ellipse cx="12" cy="6" rx="8" ry="3"/><path d="M4 6v12c0 1.7 3.6 3 8 3s8-1.3 8-3V6"/>' +
    '<path d="M4 12c0 1.7 3.6 3 8 3s8-1.3 8-3"/>'
);
