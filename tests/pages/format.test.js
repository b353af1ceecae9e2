/** Numbers as people read them. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  formatBitrate,
  formatDuration,
  formatShare,
  formatSize,
  plural,
  UNKNOWN,
} from '../../liverelay/server/pages/dashboard/format.js';

/** @param {string} text */
const spaced = (text) => text.replaceAll('\u00a0', ' ');

test('a number and its unit stay on one line', () => {
  const texts = [formatBitrate(1e6), formatShare(0.5), formatSize(1e6), formatDuration(7200)];

  assert.deepEqual(texts, ['1.0\u00a0Mbit/s', '50\u00a0%', '1\u00a0MB', '2\u00a0h 0\u00a0min']);
});

test('bit rates', () => {
  const rates = [0, 32_400, 999_499, 999_500, 9_949_999, 9_950_000, 101e6, 1.2e9];

  assert.deepEqual(rates.map(formatBitrate).map(spaced), [
    '0 kbit/s',
    '32 kbit/s',
    '999 kbit/s',
    '1.0 Mbit/s',
    '9.9 Mbit/s',
    '10 Mbit/s',
    '101 Mbit/s',
    '1.2 Gbit/s',
  ]);
});

test('shares', () => {
  assert.deepEqual([0, 0.0004, 0.004, 0.18, 1].map(formatShare).map(spaced), [
    '0.0 %',
    '< 0.1 %',
    '0.4 %',
    '18 %',
    '100 %',
  ]);
});

test('sizes', () => {
  const texts = [425_984, 96e6, 1.5e9].map(formatSize).map(spaced);

  assert.deepEqual(texts, ['426 kB', '96 MB', '1.5 GB']);
});

test('durations', () => {
  const texts = [-1, 59.9, 60, 3600, 93_700].map(formatDuration).map(spaced);

  assert.deepEqual(texts, ['0 s', '59 s', '1 min', '1 h 0 min', '1 d 2 h']);
});

test('what is not known is a dash', () => {
  for (const format of [formatBitrate, formatDuration, formatShare, formatSize])
    assert.equal(format(null), UNKNOWN);
});

test('plurals', () => {
  assert.deepEqual([plural(1, 'room'), plural(1200, 'room')], ['1 room', '1,200 rooms']);
});
