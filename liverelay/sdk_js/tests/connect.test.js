/** From the call to `connected`: what is sent, and every way in which it can fail. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { LiveRelayError } from '../src/index.js';
import {
  answeredLater, cutOff, FakeBrowser, FakeElement, FakeStream, FakeTrack, json, recordStates, refused, settle, unreachable,
} from './fakes.js';

test('publish posts an offer that only sends, and resolves when connected', async () => {
  const browser = new FakeBrowser();
  const { states, onStateChange } = recordStates();

  const session = await browser.liveRelay.publish({ token: 't', video: true, audio: true, onStateChange });

  assert.equal(session.state, 'connected');
  assert.deepEqual(states, ['connecting', 'connected']);
  const [offer] = browser.offers;
  assert.equal(offer.url, 'https://sfu.example/sfu/publish');
  assert.equal(offer.headers.Authorization, 'Bearer t');
  assert.deepEqual(offer.body, { sdp: 'the offer', type: 'offer' });
  const sections = browser.peerConnection.transceivers.map(({ kind, direction }) => [kind, direction]);
  assert.deepEqual(sections, [['audio', 'sendonly'], ['video', 'sendonly']]);
  assert.deepEqual(browser.peerConnection.remoteDescription, { type: 'answer', sdp: 'the answer' });
});

test('publish of a stream with sound only has one section', async () => {
  const browser = new FakeBrowser();
  const stream = new FakeStream([new FakeTrack('audio')]);

  await browser.liveRelay.publish({ token: 't', stream });

  assert.deepEqual(browser.peerConnection.transceivers.map(({ kind }) => kind), ['audio']);
  assert.equal(browser.captures.length, 0);
});

test('subscribe receives both kinds and plays them in its element', async () => {
  const browser = new FakeBrowser();
  browser.connects = false;
  const element = new FakeElement();
  const [sound, picture] = [new FakeTrack('audio'), new FakeTrack('video')];

  const joining = browser.liveRelay.subscribe({ token: 't', element });
  await settle();
  browser.peerConnection.receive(sound);
  browser.peerConnection.receive(picture);
  browser.peerConnection.become('connected');
  const session = await joining;

  const sections = browser.peerConnection.transceivers.map(({ kind, direction }) => [kind, direction]);
  assert.deepEqual(sections, [['audio', 'recvonly'], ['video', 'recvonly']]);
  assert.equal(element.srcObject, session.remoteStream);
  assert.deepEqual(element.srcObject.getTracks(), [sound, picture]);
  assert.equal(element.plays, 1);
  assert.ok(element.playsInline);
});

test('call sends and receives both kinds, and shows itself without sound', async () => {
  const browser = new FakeBrowser();
  const [element, localElement] = [new FakeElement(), new FakeElement()];

  const session = await browser.liveRelay.call({ token: 't', audio: true, element, localElement });

  const sections = browser.peerConnection.transceivers.map(({ kind, direction }) => [kind, direction]);
  assert.deepEqual(sections, [['audio', 'sendrecv'], ['video', 'sendrecv']]);
  assert.equal(localElement.srcObject, session.localStream);
  assert.ok(localElement.muted);
  assert.equal(element.srcObject, session.remoteStream);
  assert.ok(!element.muted);
});

test('a promise is not resolved before media can flow', async () => {
  const browser = new FakeBrowser();
  browser.connects = false;
  let resolved = false;

  const joining = browser.liveRelay.subscribe({ token: 't', element: new FakeElement() });
  void joining.then(() => (resolved = true));
  await settle();
  browser.peerConnection.become('connecting');
  await settle();
  assert.ok(!resolved);
  browser.peerConnection.become('connected');
  await joining;

  assert.ok(resolved);
});

const FAILURES = [
  ['the server cannot be reached', unreachable, { code: 'NETWORK_ERROR', httpStatus: undefined }],
  ['the answer is cut off', cutOff, { code: 'NETWORK_ERROR', httpStatus: undefined }],
  ['the token is refused', refused(401, 'token_invalid'), { code: 'AUTH_ERROR', httpStatus: 401 }],
  ['the room is gone', refused(404, 'room_not_found'), { code: 'ROOM_NOT_FOUND', httpStatus: 404 }],
  ['the room is full', refused(409, 'room_full'), { code: 'ROOM_FULL', httpStatus: 409 }],
  ['nobody publishes', refused(404, 'no_publisher_available'),
    { code: 'SERVER_ERROR', httpStatus: 404, serverCode: 'no_publisher_available' }],
  ['the server drains', refused(503, 'unavailable', { 'Retry-After': '3' }),
    { code: 'SERVER_ERROR', httpStatus: 503, retryAfter: 3 }],
  ['the answer is a page', () => new Response('<h1>Hi</h1>'), { code: 'SERVER_ERROR', httpStatus: 200 }],
  ['the answer has no SDP', () => json(200, { session_id: 's' }), { code: 'SERVER_ERROR' }],
  ['the SDP is broken', () => json(200, { sdp: 'broken', session_id: 's' }), { code: 'SERVER_ERROR' }],
];

for (const [reason, answer, expected] of FAILURES) {
  test(`a first attempt fails at once when ${reason}`, async () => {
    const browser = new FakeBrowser();
    browser.answers = [answer];
    const { states, onStateChange } = recordStates();
    const element = new FakeElement();

    const joining = browser.liveRelay.subscribe({ token: 't', element, onStateChange });
    const error = await joining.catch((reason) => reason);

    assert.ok(error instanceof LiveRelayError);
    assert.notEqual(error.message, '');
    for (const [name, value] of Object.entries(expected)) assert.equal(error[name], value, name);
    assert.deepEqual(states, ['connecting', 'failed']);
    assert.equal(browser.peerConnection.connectionState, 'closed');
    assert.equal(browser.offers.length, 1);
    assert.equal(browser.pendingTimers, 0);
  });
}

test('media that cannot reach the server is a NETWORK_ERROR, and the server is told', async () => {
  const browser = new FakeBrowser();
  browser.connects = false;

  const joining = browser.liveRelay.publish({ token: 't', video: true });
  await settle();
  browser.peerConnection.become('failed');

  await assert.rejects(joining, { code: 'NETWORK_ERROR', message: /UDP/ });
  assert.equal(browser.deletions.length, 1);
});

test('no connection within 15 seconds is a TIMEOUT', async () => {
  const browser = new FakeBrowser();
  browser.connects = false;

  const joining = browser.liveRelay.publish({ token: 't', video: true });
  joining.catch(() => undefined);
  await browser.advance(14.9);
  assert.equal(browser.deletions.length, 0);
  await browser.advance(0.2);

  await assert.rejects(joining, { code: 'TIMEOUT' });
  assert.equal(browser.deletions.length, 1);
});

test('a server that never answers is a TIMEOUT, and the request is given up', async () => {
  const browser = new FakeBrowser();
  const offer = answeredLater();
  browser.answers = [offer.answer];

  const joining = browser.liveRelay.subscribe({ token: 't', element: new FakeElement() });
  joining.catch(() => undefined);
  await browser.advance(15);

  await assert.rejects(joining, { code: 'TIMEOUT' });
  assert.ok(offer.signal.aborted);
});

test('time that a person takes to allow the camera does not count', async () => {
  const browser = new FakeBrowser();
  let allow;
  browser.devices.getUserMedia = () => new Promise((resolve) => (allow = resolve));

  const joining = browser.liveRelay.publish({ token: 't', video: true });
  await browser.advance(60);
  allow(new FakeStream([new FakeTrack('video')]));

  assert.equal((await joining).state, 'connected');
});

test('a refusal to play sound is told by an event that the page can hear', async () => {
  const browser = new FakeBrowser();
  const element = new FakeElement();
  element.refusal = new DOMException('play() failed', 'NotAllowedError');
  const blocked = [];

  const session = await browser.liveRelay.subscribe({ token: 't', element });
  session.on('playblocked', ({ detail }) => blocked.push(detail.element));
  await browser.advance(0);

  assert.deepEqual(blocked, [element]);
  assert.ok(!element.muted);
});

test('waitForPublisher asks again, ever more slowly, until someone publishes', async () => {
  const browser = new FakeBrowser();
  browser.answers = Array(4).fill(refused(404, 'no_publisher_available'));

  const element = new FakeElement();
  const joining = browser.liveRelay.subscribe({ token: 't', element, waitForPublisher: true });
  const counts = [];
  for (const seconds of [0.9, 0.2, 2, 4, 5]) {
    await browser.advance(seconds);
    counts.push(browser.offers.length);
  }

  assert.deepEqual(counts, [1, 2, 3, 4, 5]);
  assert.equal((await joining).state, 'connected');
});

test('waitForPublisher outlives a short outage, and ends when the room is gone', async () => {
  const browser = new FakeBrowser();
  browser.answers = [
    refused(404, 'no_publisher_available'), unreachable, refused(404, 'room_not_found'),
  ];

  const element = new FakeElement();
  const joining = browser.liveRelay.subscribe({ token: 't', element, waitForPublisher: true });
  joining.catch(() => undefined);
  await browser.advance(10);

  await assert.rejects(joining, { code: 'ROOM_NOT_FOUND' });
  assert.equal(browser.offers.length, 3);
});
