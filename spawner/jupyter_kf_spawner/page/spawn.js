// Makes the form answer at once; the hub checks everything again, so nothing depends on it.
(() => {
  const form = document.getElementById('kf-form');
  const bounds = JSON.parse(document.getElementById('kf-bounds').textContent);
  const kinds = document.getElementById('kf-gpu');
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
  const volumes = [...form.querySelectorAll('[name=volumes]')];
  const labelled = (id, text) => {
    const label = form.querySelector(`label[for="${id}"]`);
    if (!label) return;
    label.dataset.title ??= label.textContent;
    label.textContent = label.dataset.title + text;
  };
  // What the ticked presets fill in, beside the fields that they fill.
  const presets = () => {
    const ticked = [...form.querySelectorAll('[name=preset]:checked')].map(
      box => bounds.presets[box.value] ?? {}
    );
    for (const field of ['image', 'size']) {
      const name = ticked.map(preset => preset[field]).find(Boolean);
      labelled(`kf-${field}-`, name ? `: ${bounds[`${field}s`][name].title}` : '');
    }
    for (const box of volumes) {
      const given = ticked.some(preset => preset.volumes?.includes(box.value));
      labelled(box.id, given ? ' (by the preset)' : '');
    }
  };
  const amounts = size => {
    for (const field of ['cpu', 'memory']) {
      const input = document.getElementById(`kf-${field}`);
      const more = document.getElementById(`kf-${field}-more`);
      input.placeholder = size ? size[field].default : '';
      more.textContent = size ? size[field].bounds : open[more.id];
    }
  };
  const titled = offers => offers.map(one => one.title).join(' or ');
  // What stands in the way of any kind, and what to choose instead.
  const obstacle = (image, size) => {
    const can = one => one.gpus.some(kind => kind in bounds.gpus);
    const able = offers => titled(Object.values(offers).filter(can));
    if (!can(image)) return `${image.title} can use no GPU. Choose ${able(bounds.images)}.`;
    if (!can(size)) return `${size.title} has no GPU. Choose ${able(bounds.sizes)}.`;
    return `${image.title} and ${size.title} have no kind of GPU in common.`;
  };
  // The person's own choice of a kind: it comes back when the image and size can have it again.
  let wanted = kinds?.value || '';
  const devices = (image, size) => {
    const lacks = kind => [image, size].find(one => !one.gpus.includes(kind));
    let possible = 0;
    for (const option of kinds.options) {
      if (!option.value) continue;
      option.dataset.title ??= option.textContent;
      const without = lacks(option.value);
      option.disabled = Boolean(without);
      option.textContent = option.dataset.title + (without ? `: not with ${without.title}` : '');
      if (!without) possible += 1;
    }
    kinds.value = wanted && !lacks(wanted) ? wanted : '';
    kinds.disabled = !possible;
    const more = document.getElementById('kf-gpu-more');
    more.textContent = possible ? '' : obstacle(image, size);
    const many = document.getElementById('kf-gpus');
    many.disabled = !kinds.value;
    for (const option of many.options) {
      const count = Number(option.value);
      option.disabled = Boolean(count && !bounds.gpus[kinds.value]?.counts.includes(count));
      if (option.disabled && option.selected) many.value = '';
    }
  };
  const update = event => {
    if (event?.target === kinds) wanted = kinds.value;
    const size = bounds.sizes[chosen('size') || fromPresets('size')];
    const image = bounds.images[chosen('image') || fromPresets('image')];
    presets();
    amounts(size);
    if (kinds && image && size) devices(image, size);
  };
  form.addEventListener('change', update);
  update();
})();
