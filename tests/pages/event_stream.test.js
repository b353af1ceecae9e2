/** Reading server-sent events, however the network has cut them. */

import assert from 'node:assert/strict';
import { mock, test } from 'node:test';

globalThis.document = { baseURI: 'http://localhost/dashboard/' };
globalThis.sessionStorage = { getItem: () => null };

const { follow, parseEvents } = await import('../../liverelay/server/pages/dashboard/event_stream.js');

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

const refusal = (status, error, retryAfter) => () =>
  Response.json({ error }, { status, headers: { 'Retry-After': retryAfter } });

/** What a listener is told while the server gives these answers, and when each was asked for. */
async function listen(answers, seconds) {
  mock.timers.enable({ apis: ['setTimeout'] });
  const [told, askedAt, ending] = [[], [], new AbortController()];
  let now = 0;
  globalThis.fetch = async () => {
    askedAt.push(now);
    return answers.shift()();
  };
  const following = follow(
    'v1/events',
    {
      onEvent: ({ type }) => told.push(type),
      onState: (state, refused) => told.push(refused ? `${state}: ${refused.code}` : state),
      onRefused: () => told.push('refused'),
    },
    ending.signal,
  );
  for (; now < seconds && answers.length; now += 1) {
    await new Promise(setImmediate);
    mock.timers.tick(1000);
  }
  await new Promise(setImmediate);
  ending.abort();
  await following;
  mock.timers.reset();
  return { told, askedAt };
}

test('a refusal is told, and the server asked again when it said', async () => {
  const events = () => new Response('event: snapshot\ndata: {}\n\n');

  const { told, askedAt } = await listen([refusal(503, 'unavailable', 7), events], 20);

  assert.deepEqual(told.slice(0, 4), ['connecting', 'lost: unavailable', 'live', 'snapshot']);
  assert.deepEqual(askedAt.slice(0, 2), [0, 7]);
});

test('a pause that somebody else asks for has an end', async () => {
  const busy = refusal(429, undefined, 86_400);

  const { told, askedAt } = await listen([busy, busy], 200);

  assert.deepEqual(told, ['connecting', 'lost: status_429', 'lost: status_429']);
  assert.deepEqual(askedAt, [0, 120]);
});

test('a key is refused as well when too many wrong ones came before', async () => {
  const { told } = await listen([refusal(429, 'rate_limited', 30)], 5);

  assert.deepEqual(told, ['connecting', 'refused']);
});
