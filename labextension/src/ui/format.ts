/** Numbers, times and sizes as people read them, in the page's language. */
import { Time } from '@jupyterlab/coreutils';
import { words } from '../services/words';
import type { Num } from '../wire';

/** A number off the wire, where JSON has no word for some. */
export function toNumber(value: Num | null | undefined): number {
  return value === null || value === undefined ? NaN : Number(value);
}

/** 0.8412, 1,234, 1.2e-7: at most `digits` significant digits. */
export function formatNumber(value: unknown, digits = 4): string {
  const number = typeof value === 'number' ? value : Number(value);
  if (typeof value === 'string' && ['NaN', 'Infinity', '-Infinity'].includes(value)) {
    return value === 'NaN' ? 'NaN' : value.replace('Infinity', '∞');
  }
  if (typeof value === 'string' && /^-?\d{16,}$/.test(value)) {
    return BigInt(value).toLocaleString(); // more digits than a number has
  }
  if (!Number.isFinite(number)) {
    return String(value);
  }
  if (Number.isSafeInteger(number)) {
    return number.toLocaleString();
  }
  const size = Math.abs(number);
  if (size < 1e-4 || size >= 1e9) {
    return number.toExponential(Math.max(0, digits - 2));
  }
  return number.toLocaleString(undefined, { maximumSignificantDigits: digits });
}

/** 950 B, 1.2 kB, 3.4 MB: decimal, as disks are sold. */
export function formatBytes(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined || !Number.isFinite(bytes)) {
    return '–';
  }
  const trans = words();
  const units = [
    (told: string) => trans.__('%1 B', told),
    (told: string) => trans.__('%1 kB', told),
    (told: string) => trans.__('%1 MB', told),
    (told: string) => trans.__('%1 GB', told),
    (told: string) => trans.__('%1 TB', told)
  ];
  let unit = 0;
  let value = bytes;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return units[unit](unit && value < 10 ? value.toFixed(1) : String(Math.round(value)));
}

/** 310 µs, 24 ms, 0.4 s, 12 s, 3 min 5 s, 2 h 10 min. */
export function formatDuration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) {
    return '–';
  }
  const s = Math.max(0, seconds);
  const trans = words();
  if (s > 0 && s < 0.0009995) {
    return trans.__('%1 µs', Math.max(1, Math.round(s * 1e6)));
  }
  if (s > 0 && s < 0.1) {
    return trans.__('%1 ms', Math.round(s * 1000));
  }
  if (s < 59.5) {
    const told = s === 0 ? '0' : s < 10 ? s.toFixed(1) : String(Math.round(s));
    return trans.__('%1 s', told);
  }
  const [minutes, hours] = [Math.floor(s / 60 + 1e-9), Math.floor(s / 3600)];
  if (s < 3600) {
    const rest = Math.floor(s % 60);
    return rest ? trans.__('%1 min %2 s', minutes, rest) : trans.__('%1 min', minutes);
  }
  if (hours < 48) {
    const rest = Math.floor((s % 3600) / 60);
    return rest ? trans.__('%1 h %2 min', hours, rest) : trans.__('%1 h', hours);
  }
  const [days, rest] = [Math.floor(hours / 24), hours % 24];
  return rest ? trans.__('%1 d %2 h', days, rest) : trans.__('%1 d', days);
}

/** "5 minutes ago", in the browser's language. */
export function formatAgo(at_s: Num | null | undefined): string {
  const at = toNumber(at_s);
  return Number.isFinite(at) ? Time.formatHuman(new Date(at * 1000)) : '–';
}

/** "5 min. ago": the same, where there is little room. */
export function formatAge(at_s: Num | null | undefined): string {
  const at = toNumber(at_s);
  return Number.isFinite(at) ? Time.formatHuman(new Date(at * 1000), 'short') : '–';
}

/** "28 Nov, 05:31", in the browser's language; of another year, with the year. */
export function formatTime(at_s: Num | null | undefined): string {
  const seconds = toNumber(at_s);
  if (!Number.isFinite(seconds)) {
    return '–';
  }
  const at = new Date(seconds * 1000);
  const now = new Date();
  const page = document.documentElement.lang || 'en';
  // The page's language, as the browser's own country writes it.
  const mine = navigator.language.split('-')[0] === page.split('-')[0];
  return at.toLocaleString(mine ? navigator.language : page, {
    day: 'numeric',
    month: 'short',
    year: at.getFullYear() === now.getFullYear() ? undefined : 'numeric',
    hour: '2-digit',
    minute: '2-digit'
  });
}

/** A column's type without what only the file format cares about. */
export function typeWord(type: string): string {
  return type
    .replace(/^dictionary<values=([^,]+),.*$/, '$1')
    .replace(/^(large_string|string_view|utf8)$/, 'string');
}
