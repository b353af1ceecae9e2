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
