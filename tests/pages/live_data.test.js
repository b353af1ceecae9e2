/** What the dashboard makes of events, and what its plots make of that. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { GAP, WINDOW, History } from '../../liverelay/server/pages/dashboard/history.js';
import { LiveData } from '../../liverelay/server/pages/dashboard/live_data.js';
import { describe, perMinute, roundUp } from '../../liverelay/server/pages/dashboard/plot.js';

const flow = (bps) => ({ packets_per_second: bps && bps / 8000, bitrate_bps: bps });

function room(id, { publishers = 0, viewers = 0, bps = 0, age = 0 } = {}) {
  return {
    room_id: id,
    room_type: 'broadcast',
    publisher_count: publishers,
    subscriber_count: viewers,
    created_at_secs: age,
    inbound: flow(bps),
    live_secs: publishers ? 1 : null,
    outbound: { ...flow(bps && bps * viewers), fraction_lost: null },
    publications: [],
  };
}

const server = (bps) => ({
  subscribers_active: 0,
  inbound: flow(bps),
  outbound: flow(bps),
  warnings: [],
});

const snapshot = (of) => ({
  type: 'snapshot',
  data: { server: server(0), rooms: [], history: { interval: 5, server: [], rooms: {} }, ...of },
});

function known(rooms) {
  const data = new LiveData();
  data.apply(snapshot({ rooms }), 100);
  return data;
}

const ids = (data) => data.rooms.map(({ id }) => id);

test('rooms that are live come first, then the newest', () => {
  const data = known([
    room('old', { age: 90 }),
    room('live', { publishers: 1, age: 50 }),
    room('new', { age: 1 }),
  ]);

  assert.deepEqual(ids(data), ['live', 'new', 'old']);
});

test('a room comes with its creation and goes with its deletion', () => {
  const data = known([room('a')]);

  data.apply({ type: 'room.created', data: { room_id: 'b', room_type: 'call' } }, 101);
  data.apply({ type: 'room.deleted', data: { room_id: 'a' } }, 102);

  assert.deepEqual(ids(data), ['b']);
  assert.equal(data.room('b').age(111), 10);
});

test('a room of which the statistics say nothing has nobody in it any more', () => {
  const data = known([room('a', { publishers: 1, viewers: 2, bps: 8000 })]);

  data.apply({ type: 'statistics', data: { server: server(0), rooms: [] } }, 101);

  assert.ok(data.room('a').isEmpty);
  assert.equal(data.room('a').state.inbound.bitrate_bps, 0);
});

test('statistics that were written before a room was deleted do not bring it back', () => {
  const data = known([room('a', { publishers: 1 }), room('b')]);
  data.apply({ type: 'room.deleted', data: { room_id: 'a' } }, 101);

  const rooms = [room('a'), room('b', { viewers: 1 })];
  data.apply({ type: 'statistics', data: { server: server(0), rooms } }, 102);

  assert.deepEqual(ids(data), ['b']);
  assert.equal(data.room('b').state.subscriber_count, 1);
});

test('a new snapshot, after a restart, replaces the rooms and keeps the history', () => {
  const data = known([room('a'), room('b')]);
  data.apply(
    { type: 'statistics', data: { server: server(8000), rooms: [room('a', { bps: 8000 })] } },
    101,
  );

  data.apply(snapshot({ server: server(null), rooms: [room('a', { bps: null })] }), 105);

  assert.deepEqual(ids(data), ['a']);
  assert.deepEqual(data.room('a').history.samples, [{ at: 101, values: [8000, 0, 0] }]);
});

const entry = (at, bps, of) => ({
  at,
  inbound: { bitrate_bps: bps },
  outbound: { bitrate_bps: 2 * bps },
  ...of,
});

test('the history begins with what the server remembers, whatever its clock says', () => {
  const history = {
    interval: 5,
    server: [1, 2].map((i) => entry(1_800_000_000 + 5 * i, 100 * i, { subscribers_active: i })),
    rooms: {
      a: [entry(1_800_000_005, 10, { subscriber_count: 3 })],
      gone: [entry(1_800_000_005, 10, { subscriber_count: 3 })],
    },
  };
  const data = new LiveData();

  data.apply(snapshot({ rooms: [room('a')], history }), 100);

  assert.deepEqual(data.history.samples, [
    { at: 95, values: [100, 200, 1] },
    { at: 100, values: [200, 400, 2] },
  ]);
  assert.deepEqual(data.room('a').history.samples, [{ at: 95, values: [10, 20, 3] }]);
});

test('what the server remembers fills the gap of a lost connection, and replaces nothing', () => {
  const history = new History();
  for (const at of [100, 101, 102]) history.add(at, [1]);
  const remembered = [95, 100, 105, 110].map((at) => ({ at, values: [2] }));

  history.fill(remembered, 5);
  history.add(111, [1]);

  assert.deepEqual(
    history.samples.map(({ at, values }) => [at, values[0]]),
    [
      [95, 2],
      [100, 1],
      [101, 1],
      [102, 1],
      [110, 2],
      [111, 1],
    ],
  );
  assert.equal(history.runs().length, 1);
});

test('what the server remembers of too long ago is not kept', () => {
  const history = new History();

  history.fill([{ at: 0, values: [1] }, { at: WINDOW + 1, values: [2] }], 5);

  assert.deepEqual(history.samples, [{ at: WINDOW + 1, values: [2] }]);
});

test('the history of a room ends when nobody has been in for as long as it reaches', () => {
  const data = known([room('a')]);
  const tell = (at, rooms) =>
    data.apply({ type: 'statistics', data: { server: server(0), rooms } }, at);
  tell(101, [room('a', { publishers: 1, bps: 8000 })]);

  tell(101 + WINDOW, []);
  assert.equal(data.room('a').history.samples.length, 2);
  tell(102 + WINDOW, []);

  assert.equal(data.room('a').history.samples.length, 0);
});

test('a rate that is not known yet is not in the history', () => {
  const data = known([room('a')]);

  data.apply(
    { type: 'statistics', data: { server: server(null), rooms: [room('a', { bps: null })] } },
    101,
  );

  assert.deepEqual([data.history.samples, data.room('a').history.samples], [[], []]);
});

test('the history forgets what is older than its window, and is cut where there is a gap', () => {
  const history = new History();
  for (const at of [0, 1, 1 + GAP, 2 + 2 * GAP, WINDOW + 1]) history.add(at, [at]);

  assert.deepEqual(
    history.runs().map((run) => run.map(({ at }) => at)),
    [[1, 1 + GAP], [2 + 2 * GAP], [WINDOW + 1]],
  );
});

test('the table has the mean of each minute, the latest first', () => {
  const points = [0, 30, 100, 119].map((at) => ({ at, value: at }));

  assert.deepEqual(perMinute(points), [
    { ago: 0, mean: 109.5 },
    { ago: 1, mean: 15 },
  ]);
});

test('a scale ends at a round number that holds the highest value', () => {
  assert.deepEqual([4, 42, 101, 2_310_000].map(roundUp), [4, 50, 150, 3_000_000]);
});

test('a plot in words claims ten minutes only if so much is known', () => {
  const of = { title: 'Viewers', format: String };
  const run = (from, to) => [
    { at: from, value: 1 },
    { at: to, value: 3 },
  ];
  const texts = [[], [run(0, 590)], [run(0, 60), run(300, 360)], [[{ at: 7, value: 2 }]]];

  assert.deepEqual(
    texts.map((runs) => describe(of, runs).replaceAll('\u00a0', ' ')),
    [
      'Viewers: nothing yet',
      'Viewers in the last ten minutes: between 1 and 3',
      'Viewers in the last ten minutes, of which 2 min are known: between 1 and 3',
      'Viewers in the last ten minutes, of which 1 s are known: 2',
    ],
  );
});
