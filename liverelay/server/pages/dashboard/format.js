/** Numbers as people read them. What is not known is a dash. */

export const UNKNOWN = '–';

/**
 * @param {number | null | undefined} bps Bits per second.
 */
export function formatBitrate(bps) {
  if (bps == null) return UNKNOWN;
  if (bps < 999_500) return `${Math.round(bps / 1000)} kbit/s`;
  if (bps < 999_500_000) return `${precise(bps / 1e6)} Mbit/s`;
  return `${precise(bps / 1e9)} Gbit/s`;
}

/**
 * @param {number | null | undefined} fraction 0 to 1.
 */
export function formatShare(fraction) {
  if (fraction == null) return UNKNOWN;
  if (fraction > 0 && fraction < 0.001) return '< 0.1 %';
  return `${precise(fraction * 100)} %`;
}

/**
 * @param {number | null | undefined} size Bytes.
 */
export function formatSize(size) {
  if (size == null) return UNKNOWN;
  if (size < 999_500) return `${Math.round(size / 1000)} kB`;
  return size < 999.5e6 ? `${Math.round(size / 1e6)} MB` : `${precise(size / 1e9)} GB`;
}

/** @param {number | null | undefined} seconds */
export function formatMilliseconds(seconds) {
  return seconds == null ? UNKNOWN : `${Math.round(seconds * 1000)} ms`;
}

/** @param {number | null | undefined} count */
export function formatCount(count) {
  return count == null ? UNKNOWN : Math.round(count).toLocaleString('en');
}

/**
 * @param {number | null | undefined} seconds
 */
export function formatDuration(seconds) {
  if (seconds == null) return UNKNOWN;
  const whole = Math.max(0, Math.floor(seconds));
  const [days, hours] = [Math.floor(whole / 86_400), Math.floor(whole / 3600) % 24];
  const minutes = Math.floor(whole / 60) % 60;
  if (days) return `${days} d ${hours} h`;
  if (hours) return `${hours} h ${minutes} min`;
  return minutes ? `${minutes} min` : `${whole} s`;
}

/**
 * @param {number} count
 * @param {string} noun
 */
export function plural(count, noun) {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** @param {number} value */
function precise(value) {
  return value < 9.95 ? value.toFixed(1) : String(Math.round(value));
}
