// Makes the form answer at once; the hub checks everything again, so nothing depends on it.
(() => {
  const form = document.getElementById('kf-form');
  const bounds = JSON.parse(document.getElementById('kf-bounds').textContent);
  const chosen = name => form.querySelector(`[name=${name}]:checked`)?.value || '';
  const open = {};
  for (const id of ['kf-cpu-more', 'kf-memory-more']) {
    open[id] = document.getElementById(id).textContent;
  }
  const fromPresets = field => {
    for (const box of form.querySelectorAll('[name=preset]:checked')) {
      const value = bounds.presets[box.value]?.[field];
      if (value) return value;
    }
    return bounds.defaults[field];
  };
  const update = () => {
    const size = bounds.sizes[chosen('size') || fromPresets('size')];
    const image = bounds.images[chosen('image') || fromPresets('image')];
    for (const field of ['cpu', 'memory']) {
      const input = document.getElementById(`kf-${field}`);
      const more = document.getElementById(`kf-${field}-more`);
      input.placeholder = size ? size[field].default : '';
      more.textContent = size ? size[field].bounds : open[more.id];
    }
    const kinds = document.getElementById('kf-gpu');
    if (!kinds) return;
    let possible = 0;
    for (const option of kinds.options) {
      if (!option.value) continue;
      const fits = image?.gpus.includes(option.value) && size?.gpus.includes(option.value);
      option.disabled = !fits;
      if (fits) possible += 1;
      if (!fits && option.selected) kinds.value = '';
    }
    document.getElementById('kf-gpus').disabled = !kinds.value;
    const said = possible ? '' : 'This image and size can have no GPU.';
    document.getElementById('kf-gpu-more').textContent = said;
  };
  form.addEventListener('change', update);
  update();
})();
