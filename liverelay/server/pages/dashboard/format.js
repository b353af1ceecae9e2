/** Numbers as people read them, on one line with their units. What is not known is a dash. */

export const UNKNOWN = '–';

/** A space at which no line ends. */
const NBSP = '\u00a0';

/**
 * @param {number | null | undefined} bps Bits per second.
 */
export function formatBitrate(bps) {
  if (bps == null) return UNKNOWN;
  if (bps < 999_500) return `${Math.round(bps / 1000)}${NBSP}kbit/s`;
  if (bps < 999_500_000) return `${precise(bps / 1e6)}${NBSP}Mbit/s`;
  return `${precise(bps / 1e9)}${NBSP}Gbit/s`;
}

/**
 * @param {number | null | undefined} fraction 0 to 1.
 */
export function formatShare(fraction) {
  if (fraction == null) return UNKNOWN;
  if (fraction > 0 && fraction < 0.001) return `<${NBSP}0.1${NBSP}%`;
  return `${precise(fraction * 100)}${NBSP}%`;
}

/**
 * @param {number | null | undefined} size Bytes.
 */
export function formatSize(size) {
  if (size == null) return UNKNOWN;
  if (size < 999_500) return `${Math.round(size / 1000)}${NBSP}kB`;
  return size < 999.5e6 ? `${Math.round(size / 1e6)}${NBSP}MB` : `${precise(size / 1e9)}${NBSP}GB`;
}

/** @param {number | null | undefined} seconds */
export function formatMilliseconds(seconds) {
  return seconds == null ? UNKNOWN : `${Math.round(seconds * 1000)}${NBSP}ms`;
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
  if (days) return `${days}${NBSP}d ${hours}${NBSP}h`;
  if (hours) return `${hours}${NBSP}h ${minutes}${NBSP}min`;
  return minutes ? `${minutes}${NBSP}min` : `${whole}${NBSP}s`;
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
