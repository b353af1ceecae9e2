/** Giving up a join: whenever it comes, nothing stays open, here or on the server. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  answeredLater, FakeBrowser, FakeElement, FakeStream, FakeTrack, recordStates, settle,
} from './fakes.js';

test('an aborted signal rejects with its reason, and stops what was captured', async () => {
  const browser = new FakeBrowser();
  browser.connects = false;
  const controller = new AbortController();
  const { states, onStateChange } = recordStates();

  const options = { token: 't', video: true, signal: controller.signal, onStateChange };
  const joining = browser.liveRelay.publish(options);
  await settle();
  controller.abort();

  await assert.rejects(joining, { name: 'AbortError' });
  assert.deepEqual(states, ['connecting', 'disconnected']);
  assert.ok(browser.peerConnection.transceivers[0].sender.track.stopped);
  assert.equal(browser.deletions.length, 1);
  assert.equal(browser.pendingTimers, 0);
});

for (const [last, offers] of [['connecting', 0], ['connected', 1]]) {
  test(`an abort inside the callback of '${last}' rejects as well, and leaves nothing alive`, async () => {
    const browser = new FakeBrowser();
    const controller = new AbortController();
    const told = [];
    const onStateChange = (state) => {
      told.push(state);
      if (state === last) controller.abort();
    };

    const options = { token: 't', element: new FakeElement(), signal: controller.signal, onStateChange };
    await assert.rejects(browser.liveRelay.subscribe(options), { name: 'AbortError' });

    assert.deepEqual(told.slice(-2), [last, 'disconnected']);
    assert.equal(browser.offers.length, offers);
    assert.equal(browser.peerConnections.length, offers);
    assert.equal(browser.deletions.length, offers);
    assert.ok(!browser.onSize && !browser.onNetworkChange);
    assert.equal(browser.pendingTimers, 0);
  });
}

/** Gives up a call at a moment that `arrange` picks. */
async function abortCall(options, arrange) {
  const browser = new FakeBrowser();
  const controller = new AbortController();
  const { signal } = controller;
  const { abortNow, ...others } = arrange(browser, () => controller.abort());

  const joining = browser.liveRelay.call({ token: 't', element: new FakeElement(), ...options, signal, ...others });
  await abortNow?.();
  await assert.rejects(joining, { name: 'AbortError' });
  await settle();
  assert.equal(browser.pendingTimers, 0);
}

const onState = (wanted) => (browser, abort) => ({ onStateChange: (state) => state === wanted && abort() });
const later = (browser, abort) => ({ abortNow: () => settle().then(abort) });

for (const [when, arrange] of [
  ['at once', (browser, abort) => ({ abortNow: abort })],
  ['on being told that it connects', onState('connecting')],
  ['while it connects', (browser, abort) => {
    browser.connects = false;
    return later(browser, abort);
  }],
  ['on being told that it is connected', onState('connected')],
  ['in the instant in which the devices are open', (browser, abort) => {
    const { createMediaStream } = browser.environment;
    browser.environment.createMediaStream = (tracks) => {
      queueMicrotask(abort);
      return createMediaStream(tracks);
    };
    return {};
  }],
]) {
  test(`no preview stays in the element of a call that is given up ${when}`, async () => {
    const stream = new FakeStream([new FakeTrack('video')]);
    const elements = [new FakeElement(), new FakeElement()];

    await abortCall({ stream, localElement: elements[0] }, arrange);
    await abortCall({ video: true, localElement: elements[1] }, arrange);

    assert.deepEqual(elements.map(({ srcObject }) => srcObject), [null, null]);
    assert.ok(!stream.getTracks()[0].stopped);
  });
}

test('an element is left as it was by a call that is given up before it shows anything', async () => {
  const shown = new FakeStream();
  const localElement = Object.assign(new FakeElement(), { srcObject: shown });
  const stream = new FakeStream([new FakeTrack('video')]);

  await abortCall({ stream, localElement }, (browser, abort) => ({ abortNow: abort }));

  assert.equal(localElement.srcObject, shown);
  assert.ok(!localElement.muted);
});

/** Gives up a join while the server has its offer, which is returned and not answered yet. */
async function abortWhileOpening(browser) {
  const controller = new AbortController();
  const offer = answeredLater();
  browser.answers = [offer.answer];

  const joining = browser.liveRelay.publish({ token: 't', video: true, signal: controller.signal });
  await settle();
  controller.abort();
  await assert.rejects(joining, { name: 'AbortError' });
  return offer;
}

test('an abort while the server opens a session does not wait for it, and ends it', async () => {
  const browser = new FakeBrowser();
  const offer = await abortWhileOpening(browser);
  assert.equal(browser.peerConnection.connectionState, 'closed');
  offer.accept();
  await settle();

  const [{ url }] = browser.deletions;
  assert.equal(url, 'https://sfu.example/sfu/sessions/session-late');
});

test('a request that nobody waits for any more is given up as early as any', async () => {
  const browser = new FakeBrowser();
  const offer = await abortWhileOpening(browser);
  await browser.advance(14.9);
  assert.ok(!offer.signal.aborted);
  await browser.advance(0.2);

  assert.ok(offer.signal.aborted);
  assert.equal(browser.pendingTimers, 0);
});

test('an abort while the browser makes its offer sends nothing', async () => {
  const browser = new FakeBrowser();
  const controller = new AbortController();
  const { createPeerConnection } = browser.environment;
  browser.environment.createPeerConnection = () => {
    const peerConnection = createPeerConnection();
    peerConnection.setLocalDescription = async () => controller.abort();
    return peerConnection;
  };

  const options = { token: 't', video: true, signal: controller.signal };
  await assert.rejects(browser.liveRelay.publish(options), { name: 'AbortError' });
  await settle();

  assert.equal(browser.requests.length, 0);
});

test('a signal that was aborted before sends nothing', async () => {
  const browser = new FakeBrowser();

  const options = { token: 't', video: true, signal: AbortSignal.abort() };
  await assert.rejects(browser.liveRelay.publish(options), { name: 'AbortError' });

  assert.equal(browser.requests.length + browser.captures.length, 0);
});

test('a signal that is aborted after connecting changes nothing', async () => {
  const browser = new FakeBrowser();
  const controller = new AbortController();
  const { signal } = controller;

  const session = await browser.liveRelay.publish({ token: 't', video: true, signal });
  controller.abort();

  assert.equal(session.state, 'connected');
});

test('a camera that is allowed after the abort is closed again', async () => {
  const browser = new FakeBrowser();
  const controller = new AbortController();
  const track = new FakeTrack('video');
  let allow;
  browser.devices.getUserMedia = () => new Promise((resolve) => (allow = resolve));

  const joining = browser.liveRelay.publish({ token: 't', video: true, signal: controller.signal });
  await settle();
  controller.abort();
  await assert.rejects(joining, { name: 'AbortError' });
  allow(new FakeStream([track]));
  await settle();

  assert.ok(track.stopped);
  assert.equal(browser.requests.length, 0);
});
