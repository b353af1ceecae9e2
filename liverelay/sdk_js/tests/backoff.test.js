import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Backoff } from '../src/backoff.js';

const BOUNDS = { first: 1, most: 5 };

test('delays double up to their ceiling', () => {
  const backoff = new Backoff(() => 1, BOUNDS);

  assert.deepEqual([1, 2, 3, 4, 5].map(() => backoff.next()), [1, 2, 4, 5, 5]);
  assert.equal(backoff.count, 5);
});

test('jitter takes away up to half', () => {
  const backoff = new Backoff(() => 0, BOUNDS);

  assert.deepEqual([1, 2, 3, 4].map(() => backoff.next()), [0.5, 1, 2, 2.5]);
});

test('the delay that the server asks for comes on top', () => {
  const backoff = new Backoff(() => 1, BOUNDS);

  assert.equal(backoff.next(20), 21);
});
