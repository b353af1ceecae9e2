import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FakeBrowser, FakeElement } from './fakes.js';

function report(timestamp, bytesReceived) {
  return new Map(
    [
      { id: 'C', type: 'codec', mimeType: 'video/VP8' },
      { id: 'P', type: 'candidate-pair', nominated: true, state: 'succeeded', currentRoundTripTime: 0.02 },
      {
        id: 'V', type: 'inbound-rtp', kind: 'video', codecId: 'C', timestamp, bytesReceived,
        packetsReceived: 40, packetsLost: 2, framesPerSecond: 30, frameWidth: 1280, frameHeight: 720,
      },
    ].map((entry) => [entry.id, entry]),
  );
}

test('stats tell what is received, with the bit rate since the last call', async () => {
  const browser = new FakeBrowser();
  const session = await browser.liveRelay.subscribe({ token: 't', element: new FakeElement() });

  browser.peerConnection.statistics = report(1000, 5000);
  const first = await session.stats();
  browser.peerConnection.statistics = report(3000, 255_000);
  const second = await session.stats();

  assert.equal(first.roundTripTime, 0.02);
  assert.equal(first.tracks[0].bitrate, null);
  assert.deepEqual(second.tracks, [
    {
      kind: 'video', direction: 'inbound', codec: 'video/VP8', bytes: 255_000, packets: 40,
      packetsLost: 2, bitrate: 1_000_000, framesPerSecond: 30, width: 1280, height: 720,
    },
  ]);
  assert.equal(second.report, browser.peerConnection.statistics);
});

test('after a reconnection the bit rate begins anew, as the counters do', async () => {
  const browser = new FakeBrowser();
  const session = await browser.liveRelay.subscribe({ token: 't', element: new FakeElement() });
  const bitrates = [];
  const look = async (...counters) => {
    browser.peerConnection.statistics = report(...counters);
    bitrates.push((await session.stats()).tracks[0].bitrate);
  };

  await look(1000, 100_000);
  await look(2000, 200_000);
  for (const bytes of [5000, 900_000]) {
    browser.peerConnection.become('failed');
    await browser.advance(1);
    await look(3000, bytes);
    await look(4000, bytes + 1000);
  }

  assert.deepEqual(bitrates, [null, 800_000, null, 8000, null, 8000]);
});

test('numbers of a connection that was lost meanwhile are not held against those of the next', async () => {
  const browser = new FakeBrowser();
  const session = await browser.liveRelay.subscribe({ token: 't', element: new FakeElement() });
  const lost = browser.peerConnection;
  let answer;
  lost.getStats = () => new Promise((resolve) => (answer = resolve));

  const asked = session.stats();
  lost.become('failed');
  await browser.advance(1);
  browser.peerConnection.statistics = report(2000, 5000);
  await session.stats();
  answer(report(1000, 200_000));
  const late = await asked;
  browser.peerConnection.statistics = report(3000, 6000);
  const next = await session.stats();

  assert.deepEqual([late.tracks[0].bitrate, next.tracks[0].bitrate], [null, 8000]);
});

test('a counter that begins again on the same connection has no bit rate for once', async () => {
  const browser = new FakeBrowser();
  const session = await browser.liveRelay.subscribe({ token: 't', element: new FakeElement() });
  const bitrates = [];

  for (const [timestamp, bytes] of [[1000, 100_000], [2000, 500], [3000, 1500]]) {
    browser.peerConnection.statistics = report(timestamp, bytes);
    bitrates.push((await session.stats()).tracks[0].bitrate);
  }

  assert.deepEqual(bitrates, [null, null, 8000]);
});

test('what a publisher sent and lost is told together', async () => {
  const browser = new FakeBrowser();
  const session = await browser.liveRelay.publish({ token: 't', video: true });
  browser.peerConnection.statistics = new Map([
    ['A', { id: 'A', type: 'outbound-rtp', kind: 'audio', timestamp: 1, bytesSent: 9, packetsSent: 3 }],
    ['R', { id: 'R', type: 'remote-inbound-rtp', localId: 'A', packetsLost: 1 }],
  ]);

  const [track] = (await session.stats()).tracks;

  assert.equal(track.direction, 'outbound');
  assert.deepEqual([track.bytes, track.packets, track.packetsLost], [9, 3, 1]);
  assert.equal(track.codec, null);
});

test('a session without a connection has no numbers', async () => {
  const browser = new FakeBrowser();
  const session = await browser.liveRelay.subscribe({ token: 't', element: new FakeElement() });

  session.close();

  assert.deepEqual(await session.stats(), { roundTripTime: null, tracks: [], report: null });
});
