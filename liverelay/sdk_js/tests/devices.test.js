/** Cameras and microphones that take each other's place, fail to, or go away. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FakeBrowser, FakeElement, FakeStream, FakeTrack, lose, sent } from './fakes.js';

function publish(browser, options = { video: true, audio: true }) {
  return browser.liveRelay.publish({ token: 't', ...options });
}

test('switching the camera replaces the track and stops the old one', async () => {
  const browser = new FakeBrowser();
  const session = await publish(browser);
  const old = sent(browser, 'video');
  const stream = session.localStream;

  await session.switchCamera('back');

  assert.deepEqual(browser.captures[1].video.deviceId, { exact: 'back' });
  assert.ok(old.stopped);
  assert.equal(sent(browser, 'video').label, 'device 2');
  assert.equal(session.localStream, stream);
  assert.deepEqual(stream.getVideoTracks(), [sent(browser, 'video')]);
  assert.equal(browser.offers.length, 1);
});

test('a camera that is switched while the connection is lost is sent by the next one', async () => {
  const browser = new FakeBrowser();
  const session = await publish(browser);
  const old = sent(browser, 'video');

  await lose(browser);
  await session.switchCamera('back');
  assert.ok(old.stopped);
  await browser.advance(5);

  assert.equal(session.state, 'connected');
  assert.equal(sent(browser, 'video').label, 'device 2');
});

test('a track of the page’s own is not stopped by a switch', async () => {
  const browser = new FakeBrowser();
  const own = new FakeTrack('video');
  const given = new FakeStream([own]);
  const session = await publish(browser, { stream: given });

  await session.switchCamera({ facingMode: 'environment' });

  assert.ok(!own.stopped);
  assert.deepEqual(given.getTracks(), [own]);
});

test('a camera that cannot be opened beside the old one is opened after it', async () => {
  const browser = new FakeBrowser();
  const session = await publish(browser);
  const old = sent(browser, 'video');
  browser.devices.getUserMedia = async () => {
    if (!old.stopped) throw new DOMException('busy', 'NotReadableError');
    return new FakeStream([new FakeTrack('video', 'back')]);
  };

  await session.switchCamera('back');

  assert.equal(sent(browser, 'video').label, 'back');
});

test('a switch that is refused leaves everything as it was', async () => {
  const browser = new FakeBrowser();
  const session = await publish(browser);
  const old = sent(browser, 'audio');
  browser.captureRefusal = () => new DOMException('x', 'OverconstrainedError');

  await assert.rejects(session.switchMicrophone('gone'), { code: 'MEDIA_ERROR' });

  assert.equal(sent(browser, 'audio'), old);
  assert.ok(!old.stopped);
});

test('a kind that is not sent cannot be switched; in a call it can be added', async () => {
  const browser = new FakeBrowser();
  const session = await publish(browser, { audio: true });
  await assert.rejects(session.switchCamera('front'), { code: 'MEDIA_ERROR', message: /no video/ });

  const call = await browser.liveRelay.call({ token: 't', audio: true, element: new FakeElement() });
  await call.switchCamera('front');

  assert.equal(sent(browser, 'video').kind, 'video');
});

test('a device that opens after close is stopped at once', async () => {
  const browser = new FakeBrowser();
  const session = await publish(browser);
  const late = new FakeTrack('video');
  let allow;
  browser.devices.getUserMedia = () => new Promise((resolve) => (allow = resolve));

  const switching = session.switchCamera('back');
  session.close();
  allow(new FakeStream([late]));

  await assert.rejects(switching, { code: 'MEDIA_ERROR', message: /closed/ });
  assert.ok(late.stopped);
});

test('an unplugged device is told', async () => {
  const browser = new FakeBrowser();
  const session = await publish(browser);
  const ended = [];
  session.on('trackended', ({ detail }) => ended.push(detail.kind));

  sent(browser, 'audio').dispatchEvent(new Event('ended'));

  assert.deepEqual(ended, ['audio']);
});
