/** What is sent: mutes, screens, and every refusal of the browser. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FakeBrowser, FakeElement, FakeStream, FakeTrack, lose, sent, settle } from './fakes.js';

function publish(browser, options = { video: true, audio: true }) {
  return browser.liveRelay.publish({ token: 't', ...options });
}

test('each mute concerns its own kind', async () => {
  const browser = new FakeBrowser();
  const session = await publish(browser);
  const seen = [];
  const look = () => seen.push([session.isAudioMuted, session.isVideoMuted, sent(browser, 'audio').enabled, sent(browser, 'video').enabled]);

  for (const act of ['unmuteAudio', 'muteAudio', 'muteVideo', 'unmuteAudio', 'unmuteVideo']) {
    session[act]();
    look();
  }

  assert.deepEqual(seen, [
    [false, false, true, true],
    [true, false, false, true],
    [true, true, false, false],
    [false, true, true, false],
    [false, false, true, true],
  ]);
});

test('a track that is given muted is muted', async () => {
  const browser = new FakeBrowser();
  const track = new FakeTrack('audio');
  track.enabled = false;

  const session = await publish(browser, { stream: new FakeStream([track]) });

  assert.ok(session.isAudioMuted);
  assert.ok(!session.isVideoMuted);
});

test('a mute outlives a reconnection and a switch of the device', async () => {
  const browser = new FakeBrowser();
  const session = await publish(browser);

  session.muteVideo();
  browser.peerConnection.become('failed');
  await browser.advance(1);
  await session.switchCamera('back');

  assert.ok(session.isVideoMuted);
  assert.ok(!sent(browser, 'video').enabled);
});

for (const [name, message] of [
  ['NotAllowedError', /denied/],
  ['NotFoundError', /No camera or microphone/],
  ['NotReadableError', /in use/],
  ['OverconstrainedError', /not available/],
  ['WhateverError', /could not be opened/],
]) {
  test(`a camera that fails with ${name} is a MEDIA_ERROR, and the server is not asked`, async () => {
    const browser = new FakeBrowser();
    browser.captureRefusal = () => new DOMException('x', name);

    await assert.rejects(publish(browser), { code: 'MEDIA_ERROR', message });

    assert.equal(browser.requests.length, 0);
  });
}

test('a page without https is told so', async () => {
  const browser = new FakeBrowser();
  browser.devices = undefined;

  await assert.rejects(publish(browser), { code: 'MEDIA_ERROR', message: /https.*localhost/ });
});

test('a browser without WebRTC is a MEDIA_ERROR', async () => {
  const browser = new FakeBrowser();
  browser.environment.createPeerConnection = () => {
    throw new ReferenceError('RTCPeerConnection is not defined');
  };

  const joining = browser.liveRelay.subscribe({ token: 't', element: new FakeElement() });

  await assert.rejects(joining, { code: 'MEDIA_ERROR', message: /WebRTC/ });
});

const HD = { width: { ideal: 1280 }, height: { ideal: 720 } };

for (const [asked, video] of [
  [true, HD],
  [{ facingMode: 'user' }, { facingMode: 'user', ...HD }],
  [{ width: 320 }, { width: 320 }],
  [{ aspectRatio: 1 }, { aspectRatio: 1 }],
  [false, false],
]) {
  test(`the camera for ${JSON.stringify(asked)} is opened with ${JSON.stringify(video)}`, async () => {
    const browser = new FakeBrowser();

    await publish(browser, { video: asked, audio: true });

    assert.deepEqual(browser.captures[0], { source: 'device', video, audio: true });
  });
}

test('the screen takes the camera’s place and gives it back', async () => {
  const browser = new FakeBrowser();
  const session = await publish(browser);
  const camera = sent(browser, 'video');
  const sources = [];
  session.on('sourcechange', ({ detail }) => sources.push(detail.source));

  await session.startScreenShare();
  const screen = sent(browser, 'video');
  assert.equal(screen.label, 'screen 2');
  assert.ok(session.isScreenShared);
  assert.ok(!camera.stopped);
  await session.stopScreenShare();

  assert.equal(sent(browser, 'video'), camera);
  assert.ok(screen.stopped);
  assert.ok(!session.isScreenShared);
  assert.deepEqual(sources, ['screen', 'camera']);
});

test('a person is not asked for the sound of a screen, which is not sent', async () => {
  const browser = new FakeBrowser();
  const session = await publish(browser);

  await session.startScreenShare({ audio: true, selfBrowserSurface: 'exclude' });

  const { audio, ...asked } = browser.captures[1];
  assert.equal(audio, false);
  assert.deepEqual(asked, { source: 'screen', video: true, selfBrowserSurface: 'exclude' });
});

test('the browser’s own button ends the sharing', async () => {
  const browser = new FakeBrowser();
  const session = await publish(browser);
  const camera = sent(browser, 'video');

  await session.startScreenShare();
  sent(browser, 'video').dispatchEvent(new Event('ended'));
  await settle();

  assert.equal(sent(browser, 'video'), camera);
  assert.ok(!session.isScreenShared);
});

for (const [how, stop] of [
  ['stopScreenShare', (session) => session.stopScreenShare()],
  ['the browser’s own button', (session) => {
    const [screen] = session.localStream.getVideoTracks();
    screen.dispatchEvent(new Event('ended'));
  }],
]) {
  test(`${how} ends the sharing also while the connection is lost`, async () => {
    const browser = new FakeBrowser();
    const session = await publish(browser);
    const camera = sent(browser, 'video');
    await session.startScreenShare();
    const screen = sent(browser, 'video');
    const sources = [];
    session.on('sourcechange', ({ detail }) => sources.push(detail.source));

    await lose(browser);
    await stop(session);
    await settle();
    assert.ok(screen.stopped);
    assert.ok(!session.isScreenShared);
    assert.deepEqual(sources, ['camera']);
    await browser.advance(5);

    assert.equal(session.state, 'connected');
    assert.equal(sent(browser, 'video'), camera);
  });
}

test('a screen that is shared while the connection is lost is sent by the next one', async () => {
  const browser = new FakeBrowser();
  const session = await publish(browser);
  const sources = [];
  session.on('sourcechange', ({ detail }) => sources.push(detail.source));

  await lose(browser);
  await session.startScreenShare();
  await browser.advance(5);

  assert.deepEqual(sources, ['screen']);
  assert.equal(sent(browser, 'video').label, 'screen 2');
});

test('a screen is not captured any more even if nothing can take its place', async () => {
  const browser = new FakeBrowser();
  const session = await publish(browser);
  await session.startScreenShare();
  const screen = sent(browser, 'video');
  const { sender } = browser.peerConnection.transceivers.find(({ kind }) => kind === 'video');
  sender.replaceTrack = () => Promise.reject(new DOMException('', 'InvalidModificationError'));

  await assert.rejects(session.stopScreenShare(), { code: 'MEDIA_ERROR' });

  assert.ok(screen.stopped);
});

test('a camera switched while the screen is shared comes up afterwards', async () => {
  const browser = new FakeBrowser();
  const session = await publish(browser);

  await session.startScreenShare();
  await session.switchCamera('back');
  assert.equal(sent(browser, 'video').label, 'screen 2');
  await session.stopScreenShare();

  assert.equal(sent(browser, 'video').label, 'device 3');
});

test('close while sharing stops camera and screen', async () => {
  const browser = new FakeBrowser();
  const session = await publish(browser);
  const camera = sent(browser, 'video');

  await session.startScreenShare();
  const screen = sent(browser, 'video');
  session.close();

  assert.ok(camera.stopped && screen.stopped);
});

test('a browser that cannot share the screen says so', async () => {
  const browser = new FakeBrowser();
  const session = await publish(browser);
  delete browser.devices.getDisplayMedia;

  await assert.rejects(session.startScreenShare(), { code: 'MEDIA_ERROR', message: /share/ });
});

