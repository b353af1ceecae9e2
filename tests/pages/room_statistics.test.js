/** How often the page of a room asks for the room's statistics. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';

globalThis.document = Object.assign(new EventTarget(), {
  baseURI: 'http://localhost/dashboard/',
  hidden: false,
});
globalThis.sessionStorage = { getItem: () => 'lr_0' };

const { period, RoomStatistics } = await import(
  '../../liverelay/server/pages/dashboard/room_statistics.js'
);

/** What the server knows, or null while it cannot be reached. */
let sessions;
let asked;
let told;
let statistics;

globalThis.fetch = async (url) => {
  asked.push(url.pathname);
  if (!sessions) throw new TypeError('network');
  return Response.json({ sessions });
};

/** Lets time pass, and answers come. */
async function pass(seconds) {
  mock.timers.tick(seconds * 1000);
  await new Promise(setImmediate);
}

beforeEach(() => {
  [sessions, asked, told] = [[], [], []];
  mock.timers.enable({ apis: ['setTimeout'] });
  statistics = new RoomStatistics('a', (figures) => told.push(figures.length));
});

afterEach(() => {
  statistics.close();
  document.hidden = false;
  mock.timers.reset();
});

test('it asks at once, soon after that, and again in each period', async () => {
  await pass(0);
  sessions = [{ state: 'connected', inbound_rtp: [], outbound_rtp: [] }];
  await pass(1);
  await pass(2.9);
  await pass(0.1);

  assert.deepEqual(asked, Array(3).fill('/v1/rooms/a/stats'));
  assert.deepEqual(told, [0, 1, 1]);
});

test('a crowd is asked for less often', () => {
  assert.deepEqual([0, 150, 1000].map(period), [3, 3, 20]);
});

test('what changes is asked for soon, and once however much it is', async () => {
  await pass(0);
  for (let i = 0; i < 100; i += 1) statistics.soon();
  await pass(0.3);

  assert.equal(asked.length, 2);
});

test('nothing is asked for while nobody sees the page, and soon after somebody does', async () => {
  await pass(0);
  document.hidden = true;
  for (let i = 0; i < 10; i += 1) await pass(3);
  assert.equal(asked.length, 1);

  document.hidden = false;
  document.dispatchEvent(new Event('visibilitychange'));
  await pass(0.3);

  assert.equal(asked.length, 2);
});

test('it goes on after an answer that did not come', async () => {
  await pass(0);
  sessions = null;
  await pass(1);
  assert.deepEqual([asked.length, told], [2, [0]]);

  sessions = [];
  await pass(3);

  assert.deepEqual([asked.length, told], [3, [0, 0]]);
});

test('it ends when it is closed', async () => {
  statistics.close();
  await pass(0);
  await pass(3);

  assert.deepEqual([asked.length, told], [1, []]);
});
