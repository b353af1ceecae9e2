/** In how many sizes a publisher sends what it sends. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FakeBrowser, FakeStream, FakeTrack, lose, sent } from './fakes.js';

function camera(width, height, more) {
  const track = new FakeTrack('video');
  track.settings = { width, height, ...more };
  return new FakeStream([track]);
}

const rids = (browser) => browser.peerConnection.transceivers.map(
  ({ sendEncodings }) => sendEncodings?.map(({ rid, scaleResolutionDownBy }) => [rid, scaleResolutionDownBy]),
);

test('a camera of 540 lines or more is sent in three sizes, whichever way it is held', async () => {
  for (const [width, height] of [[960, 540], [1080, 1920]]) {
    const browser = new FakeBrowser();
    await browser.liveRelay.publish({ token: 't', stream: camera(width, height) });
    assert.deepEqual(rids(browser), [[['q', 4], ['h', 2], ['f', 1]]]);
  }
});

for (const [what, options] of [
  ['a smaller camera', { stream: camera(640, 480) }],
  ['a picture of unknown size', { stream: new FakeStream([new FakeTrack('video')]) }],
  ['a screen', { stream: camera(1920, 1080, { displaySurface: 'monitor' }) }],
  ['simulcast: false', { stream: camera(1920, 1080), simulcast: false }],
  ['sound', { audio: true }],
]) {
  test(`${what} is sent in one size`, async () => {
    const browser = new FakeBrowser();

    await browser.liveRelay.publish({ token: 't', ...options });

    assert.deepEqual(rids(browser), [undefined]);
  });
}

test('frames can be left out of the smallest of three sizes, and of no other', async () => {
  const browser = new FakeBrowser();

  await browser.liveRelay.publish({ token: 't', stream: camera(1280, 720) });

  const [{ sendEncodings }] = browser.peerConnection.transceivers;
  assert.deepEqual(sendEncodings.map(({ scalabilityMode }) => scalabilityMode), ['L1T3', 'L1T1', 'L1T1']);
});

test('a browser that knows no layers sends three sizes as it can', async () => {
  const browser = new FakeBrowser();
  browser.refusesModes = true;

  await browser.liveRelay.publish({ token: 't', stream: camera(1280, 720) });

  assert.deepEqual(rids(browser), [[['q', 4], ['h', 2], ['f', 1]]]);
});

test('a camera that comes back after a screen has its sizes, also on a connection made meanwhile', async () => {
  const browser = new FakeBrowser();
  const stream = camera(1280, 720);
  const session = await browser.liveRelay.publish({ token: 't', stream });

  await session.startScreenShare();
  sent(browser, 'video').settings = { width: 1920, height: 1080, displaySurface: 'monitor' };
  await lose(browser);
  await browser.advance(5);
  await session.stopScreenShare();

  assert.equal(sent(browser, 'video'), stream.getVideoTracks()[0]);
  assert.deepEqual(rids(browser), [[['q', 4], ['h', 2], ['f', 1]]]);
});
