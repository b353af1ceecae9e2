/** What the sessions of a room send and get, out of the room's statistics. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  describeForwarded,
  describeSession,
  firstSessions,
  groupByPeer,
  SessionMeter,
} from '../../liverelay/server/pages/dashboard/session_figures.js';

const video = (of = {}) => ({
  kind: 'video',
  ssrc: 1,
  rid: null,
  active: true,
  frame_width: 1280,
  frame_height: 720,
  ...of,
});
const inbound = (bytes, received, lost, of) => ({
  ...video(of),
  bytes_received: bytes,
  packets_received: received,
  packets_lost: lost,
});
const outbound = (bytes, of) => ({
  ...video(of),
  bytes_sent: bytes,
  fraction_lost: null,
  round_trip_time: null,
  ...of,
});

const session = (of = {}) => ({
  session_id: 's',
  peer_id: 'p',
  kind: 'subscribe',
  state: 'connected',
  age_secs: 7,
  available_outgoing_bitrate: null,
  inbound_rtp: [],
  outbound_rtp: [],
  ...of,
});

/** What the last of some looks says, which are a second apart. */
function read(...looks) {
  const meter = new SessionMeter();
  return looks.map((sessions, second) => meter.read(sessions, second)).at(-1);
}

const spaced = (text) => text.replaceAll('\u00a0', ' ');
const described = (figures) => describeSession(figures, '7 s').map(spaced);

test('what is sent is added up over the layers, and the largest picture is told', () => {
  const look = (seconds) => [
    session({
      kind: 'publish',
      inbound_rtp: [
        inbound(1000 * seconds, 90 * seconds, 10 * seconds, { rid: 'h', frame_width: 640 }),
        inbound(4000 * seconds, 100 * seconds, 0, { ssrc: 2, rid: 'f' }),
        inbound(9000 * seconds, 0, 0, { ssrc: 3, kind: 'audio' }),
      ],
    }),
  ];

  assert.deepEqual(described(read(look(1), look(2))[0]), [
    'in for 7 s · sends 112 kbit/s · 1280×720 · loss 5.0 %',
  ]);
});

test('what is got is told with its layer, its worst loss, and what the path carries', () => {
  const look = (seconds) => [
    session({
      available_outgoing_bitrate: 3_100_000,
      outbound_rtp: [
        outbound(125_000 * seconds, { rid: 'f', fraction_lost: 0.02, round_trip_time: 0.042 }),
        outbound(0, { ssrc: 2, kind: 'audio', fraction_lost: 0.04, round_trip_time: null }),
      ],
    }),
  ];

  assert.deepEqual(described(read(look(1), look(2))[0]), [
    'in for 7 s · gets 1.0 Mbit/s · 1280×720, layer f · loss 4.0 % · round trip 42 ms · path carries 3.1 Mbit/s',
  ]);
});

test('who is called sends and gets, in two lines', () => {
  const look = (seconds) => [
    session({
      kind: 'call',
      inbound_rtp: [inbound(1000 * seconds, 1, 0)],
      outbound_rtp: [outbound(2000 * seconds)],
    }),
  ];

  assert.deepEqual(described(read(look(1), look(2))[0]), [
    'in for 7 s · sends 8 kbit/s · 1280×720',
    'gets 16 kbit/s · 1280×720',
  ]);
});

test('no rate is told before the second look', () => {
  const figures = read([session({ outbound_rtp: [outbound(1000)] })])[0];

  assert.deepEqual(described(figures), ['in for 7 s · 1280×720']);
});

test('looks that follow at once leave the rate as it was', () => {
  const meter = new SessionMeter();
  const look = (bytes) => [session({ outbound_rtp: [outbound(bytes)] })];
  meter.read(look(0), 10);
  meter.read(look(1000), 11);

  const [{ gets }] = meter.read(look(9000), 11.1);

  assert.equal(gets.bitrate_bps, 8000);
});

test('duplicates are no loss', () => {
  const look = (lost) => [session({ inbound_rtp: [inbound(0, 100 - 10 * lost, lost)] })];

  assert.equal(read(look(0), look(-1))[0].sends.fraction_lost, 0);
});

test('who is sent no picture is told so', () => {
  const paused = session({ outbound_rtp: [outbound(0, { active: false })] });

  assert.deepEqual(described(read([paused])[0]), ['in for 7 s · no video now']);
});

test('who is not connected yet has no figures', () => {
  assert.deepEqual(described(read([session({ state: 'connecting' })])[0]), ['connecting']);
});

test('who sends comes first, and sessions of one link are one peer', () => {
  const sessions = read([
    session({ session_id: '1', peer_id: 'viewers' }),
    session({ session_id: '2', peer_id: 'studio', kind: 'publish' }),
    session({ session_id: '3', peer_id: 'viewers' }),
    session({ session_id: '4', peer_id: 'both', kind: 'publish' }),
    session({ session_id: '5', peer_id: 'both', kind: 'subscribe' }),
  ]);

  assert.deepEqual(
    groupByPeer(sessions).map((peer) => [peer.name, peer.sessions.map((each) => each.session_id)]),
    [
      ['Publisher', ['2']],
      ['Caller', ['4', '5']],
      ['Viewer', ['1', '3']],
    ],
  );
});

test('of a crowd only the first sessions are kept', () => {
  const crowd = Array.from({ length: 300 }, (_, i) => session({ session_id: `${i}` }));
  const alone = [1, 2].map((i) => session({ session_id: `alone ${i}`, peer_id: `alone ${i}` }));

  const peers = firstSessions(groupByPeer(read([...crowd, ...alone])), 301);

  assert.deepEqual(
    peers.map((peer) => peer.sessions.length),
    [300, 1],
  );
});

test('what is forwarded is counted by picture, the most frequent first', () => {
  const viewers = [640, 1280, 1280].map((width, i) =>
    session({
      session_id: `${i}`,
      outbound_rtp: [outbound(0, { frame_width: width, rid: width === 640 ? 'h' : 'f' })],
    }),
  );
  const listener = session({ session_id: 'l', outbound_rtp: [outbound(0, { kind: 'audio' })] });

  assert.equal(
    spaced(describeForwarded(read([...viewers, listener]))),
    '1280×720, layer f to 2 · 640×720, layer h to 1',
  );
});
