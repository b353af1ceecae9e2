/** From `connected` to the end: closing, losing the connection, and what must not come back. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  answeredLater, cutOff, FakeBrowser, FakeElement, FakeStream, FakeTrack, recordStates, refused, settle,
  unreachable,
} from './fakes.js';

async function watch(browser, options = {}) {
  const { states, onStateChange } = recordStates();
  const element = new FakeElement();
  const session = await browser.liveRelay.subscribe({ token: 't', element, onStateChange, ...options });
  return { session, states, element };
}

function recordEvents(session) {
  const events = [];
  for (const type of ['error', 'ended', 'reconnecting']) {
    session.on(type, ({ detail }) => events.push([type, detail.error?.code ?? null]));
  }
  return events;
}

test('close ends the session here and on the server, once', async () => {
  const browser = new FakeBrowser();
  const { session, states, element } = await watch(browser);
  const events = recordEvents(session);

  session.close();
  session.close();

  assert.equal(session.state, 'disconnected');
  assert.deepEqual(states, ['connecting', 'connected', 'disconnected']);
  assert.deepEqual(events, [['ended', null]]);
  assert.equal(browser.peerConnection.connectionState, 'closed');
  assert.equal(element.srcObject, null);
  const [deletion, ...others] = browser.deletions;
  assert.equal(others.length, 0);
  assert.equal(deletion.url, 'https://sfu.example/sfu/sessions/session-1');
  assert.equal(deletion.headers.Authorization, 'Bearer t');
  assert.equal(deletion.keepalive, true);
});

test('close stops what was captured, and leaves a stream of the page alone', async () => {
  const browser = new FakeBrowser();
  const own = new FakeTrack('video');

  const captured = await browser.liveRelay.publish({ token: 't', video: true });
  const given = await browser.liveRelay.publish({ token: 't', stream: new FakeStream([own]) });
  const [track] = captured.localStream.getTracks();
  captured.close();
  given.close();

  assert.ok(track.stopped);
  assert.ok(!own.stopped);
});

test('an element that shows something else by now is left alone', async () => {
  const browser = new FakeBrowser();
  const { session, element } = await watch(browser);
  const other = new FakeStream();

  element.srcObject = other;
  session.close();

  assert.equal(element.srcObject, other);
});

for (const [how, lose] of [
  ['fails', async (browser) => {
    browser.answers = [refused(404, 'room_not_found')];
    browser.peerConnection.endDtls();
    await browser.advance(1);
  }],
  ['is closed during another attempt', async (browser, session) => {
    browser.connects = false;
    browser.peerConnection.become('failed');
    await browser.advance(1);
    session.close();
  }],
]) {
  test(`no picture stays in the element of a session that ${how}`, async () => {
    const browser = new FakeBrowser();
    const { session, element } = await watch(browser);

    await lose(browser, session);

    assert.equal(browser.offers.length, 2);
    assert.equal(element.srcObject, null);
  });
}

test('a page that goes away closes its sessions', async () => {
  const browser = new FakeBrowser();
  const { session } = await watch(browser);

  browser.show('pagehide', false);

  assert.equal(session.state, 'disconnected');
  assert.equal(browser.deletions.length, 1);
});

test('a page restored from the back/forward cache connects again', async () => {
  const browser = new FakeBrowser();
  const { session, states } = await watch(browser);

  browser.show('pagehide', true);
  assert.equal(browser.deletions.length, 1);
  browser.show('pageshow', true);
  await browser.advance(1);

  assert.equal(session.state, 'connected');
  assert.deepEqual(states, ['connecting', 'connected', 'connecting', 'connected']);
  assert.equal(browser.offers.length, 2);
  assert.equal(browser.deletions.length, 1);
});

test('a lost connection is replaced, and the element plays the new one', async () => {
  const browser = new FakeBrowser();
  const { session, states, element } = await watch(browser);
  const events = recordEvents(session);
  const before = element.srcObject;

  browser.peerConnection.become('failed');
  await settle();
  assert.equal(session.state, 'connecting');
  await browser.advance(1);

  assert.deepEqual(states, ['connecting', 'connected', 'connecting', 'connected']);
  assert.deepEqual(events, [['reconnecting', 'NETWORK_ERROR']]);
  assert.equal(browser.offers[1].body.previous_session_id, 'session-1');
  assert.equal(browser.deletions.length, 1);
  assert.equal(element.srcObject, session.remoteStream);
  assert.notEqual(element.srcObject, before);
});

test('a publisher comes back with the same tracks', async () => {
  const browser = new FakeBrowser();
  const session = await browser.liveRelay.publish({ token: 't', video: true, audio: true });
  const [sound, picture] = session.localStream.getTracks();

  browser.peerConnection.become('failed');
  await browser.advance(1);

  assert.equal(session.state, 'connected');
  const sent = browser.peerConnection.transceivers.map(({ sender }) => sender.track);
  assert.deepEqual(sent, [sound, picture]);
  assert.equal(browser.captures.length, 1);
});

for (const [what, status, serverCode, code] of [
  ['a revocation', 401, 'token_invalid', 'AUTH_ERROR'],
  ['a kick, or the same token on another page,', 409, 'session_ended', 'SERVER_ERROR'],
  ['an expired token', 401, 'token_expired', 'AUTH_ERROR'],
  ['a deleted room', 404, 'room_not_found', 'ROOM_NOT_FOUND'],
  ['another publisher', 409, 'room_full', 'ROOM_FULL'],
]) {
  test(`${what} ends the session after one question`, async () => {
    const browser = new FakeBrowser();
    const { session, states } = await watch(browser);
    const events = recordEvents(session);
    browser.answers = [refused(status, serverCode)];

    browser.peerConnection.endDtls();
    await browser.advance(120);

    assert.equal(session.state, 'failed');
    assert.deepEqual(states, ['connecting', 'connected', 'connecting', 'failed']);
    assert.deepEqual(events, [['reconnecting', 'NETWORK_ERROR'], ['error', code], ['ended', code]]);
    assert.equal(session.error.code, code);
    assert.equal(browser.offers.length, 2);
    assert.equal(browser.deletions.length, 0);
    assert.equal(browser.pendingTimers, 0);
  });
}

test('a server that restarts is found again', async () => {
  const browser = new FakeBrowser();
  const { session } = await watch(browser);
  const drains = refused(503, 'unavailable', { 'Retry-After': '5' });
  browser.answers = [drains, unreachable, unreachable];

  browser.peerConnection.endDtls();
  await browser.advance(0.5);
  assert.equal(browser.offers.length, 2);
  await browser.advance(5.9);
  assert.equal(browser.offers.length, 2);
  await browser.advance(30);

  assert.equal(session.state, 'connected');
  assert.equal(browser.offers.length, 5);
});

test('an answer that is cut off on the way is asked for again', async () => {
  const browser = new FakeBrowser();
  const { session } = await watch(browser);
  browser.answers = [cutOff];

  browser.peerConnection.become('failed');
  await browser.advance(5);

  assert.equal(session.state, 'connected');
  assert.equal(browser.offers.length, 3);
});

test('a viewer whose publisher is gone as well keeps asking for a while', async () => {
  const browser = new FakeBrowser();
  const { session } = await watch(browser);
  browser.answers = Array(3).fill(refused(404, 'no_publisher_available'));

  browser.peerConnection.become('failed');
  await browser.advance(20);

  assert.equal(session.state, 'connected');
});

test('a network that stays away is given up after ten attempts', async () => {
  const browser = new FakeBrowser();
  const { session } = await watch(browser);
  const events = recordEvents(session);
  browser.answers = Array(50).fill(unreachable);

  browser.peerConnection.become('failed');
  await browser.advance(600);

  assert.equal(session.state, 'failed');
  assert.equal(session.error.code, 'NETWORK_ERROR');
  assert.equal(browser.offers.length, 11);
  assert.deepEqual(events.at(-1), ['ended', 'NETWORK_ERROR']);
});

test('a browser that is online again does not wait out the delay', async () => {
  const browser = new FakeBrowser();
  const { session } = await watch(browser);
  browser.answers = Array(5).fill(unreachable);

  browser.peerConnection.become('failed');
  await browser.advance(10);
  browser.answers = [];
  browser.environment.page.dispatchEvent(new Event('online'));
  await browser.advance(0);

  assert.equal(session.state, 'connected');
});

test('two pages with one token do not take the place from each other for ever', async () => {
  const browser = new FakeBrowser();
  const { session } = await watch(browser);

  await browser.advance(60);
  for (let turn = 0; turn < 4; turn += 1) {
    browser.peerConnection.endDtls();
    await browser.advance(1);
  }

  assert.equal(session.state, 'failed');
  assert.match(session.error.message, /another page/);
  assert.equal(browser.offers.length, 4);
});

test('close while reconnecting stops it', async () => {
  const browser = new FakeBrowser();
  const { session } = await watch(browser);
  browser.answers = Array(5).fill(unreachable);

  browser.peerConnection.become('failed');
  await browser.advance(2);
  const asked = browser.offers.length;
  session.close();
  await browser.advance(60);

  assert.equal(session.state, 'disconnected');
  assert.equal(session.error, null);
  assert.equal(browser.offers.length, asked);
  assert.equal(browser.pendingTimers, 0);
});

test('close while an attempt is under way ends what it opened', async () => {
  const browser = new FakeBrowser();
  const { session } = await watch(browser);

  browser.connects = false;
  browser.peerConnection.become('failed');
  await browser.advance(1);
  session.close();
  await settle();

  assert.deepEqual(browser.deletions.map(({ url }) => url.split('/').pop()), ['session-1', 'session-2']);
  assert.equal(browser.peerConnection.connectionState, 'closed');
});

test('close while the server opens a session ends it when the answer says which', async () => {
  const browser = new FakeBrowser();
  const { session } = await watch(browser);
  const offer = answeredLater();
  browser.answers = [offer.answer];

  browser.peerConnection.become('failed');
  await browser.advance(1);
  session.close();
  assert.equal(session.state, 'disconnected');
  await browser.advance(14);
  offer.accept();
  await browser.advance(0);

  assert.deepEqual(browser.deletions.map(({ url }) => url.split('/').pop()), ['session-1', 'session-late']);
  assert.equal(session.state, 'disconnected');
  assert.equal(browser.pendingTimers, 0);
});

for (const [last, offers] of [['connecting', 1], ['connected', 2]]) {
  test(`close inside the callback of '${last}' is final, and leaves nothing alive`, async () => {
    const browser = new FakeBrowser();
    const told = [];
    const onStateChange = (state) => {
      told.push(state);
      if (told.length > 2 && state === last) session.close();
    };
    const { session } = await watch(browser, { onStateChange });
    const heard = [];
    session.on('statechange', ({ detail }) => heard.push(detail.state));
    const events = recordEvents(session);

    browser.peerConnection.become('failed');
    await browser.advance(60);

    assert.deepEqual(told.slice(2), heard);
    assert.deepEqual(heard.slice(-2), [last, 'disconnected']);
    assert.deepEqual(events.at(-1), ['ended', null]);
    assert.equal(browser.offers.length, offers);
    assert.equal(browser.deletions.length, offers);
    assert.deepEqual([browser.onSize, browser.onNetworkChange, browser.pendingTimers], [null, null, 0]);
  });
}

test('a listener that is taken off hears nothing more', async () => {
  const browser = new FakeBrowser();
  const { session } = await watch(browser);
  const heard = [];
  const listener = ({ detail }) => heard.push(detail.state);

  session.on('statechange', listener).off('statechange', listener);
  session.close();

  assert.deepEqual(heard, []);
});
