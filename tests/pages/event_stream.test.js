/** Reading server-sent events, however the network has cut them. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

globalThis.document = { baseURI: 'http://localhost/dashboard/' };
globalThis.sessionStorage = { getItem: () => null };

const { parseEvents } = await import('../../liverelay/server/pages/dashboard/event_stream.js');

const TEXT =
  ': hello\n\nid: 1\nevent: snapshot\ndata: {"rooms":[]}\n\nid: 2\r\nevent: room.created\r\ndata: {"room_id":\r\ndata: "a"}\r\n\r\n';

const EVENTS = [
  { type: 'snapshot', data: { rooms: [] } },
  { type: 'room.created', data: { room_id: 'a' } },
];

async function read(pieces) {
  const events = [];
  for await (const event of parseEvents(pieces)) events.push(event);
  return events;
}

test('events are read from pieces of every length', async () => {
  for (let size = 1; size <= TEXT.length; size += 1) {
    const pieces = Array.from({ length: Math.ceil(TEXT.length / size) }, (_, i) =>
      TEXT.slice(i * size, (i + 1) * size),
    );

    assert.deepEqual(await read(pieces), EVENTS, `pieces of ${size}`);
  }
});

test('an event that the end cuts off is dropped', async () => {
  assert.deepEqual(await read([TEXT, 'event: statistics\ndata: {"rooms":']), EVENTS);
});
