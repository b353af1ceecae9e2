/** What is tried when an established connection falters, before and instead of another one. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FakeBrowser, FakeElement, json, recordStates, refused, settle, unreachable } from './fakes.js';

async function watch(browser) {
  const { states, onStateChange } = recordStates();
  const element = new FakeElement();
  const session = await browser.liveRelay.subscribe({ token: 't', element, onStateChange });
  return { session, states };
}

/** A server's answer that leads to no path. */
const inVain = () => json(200, { sdp: 'in vain', type: 'answer', session_id: 'session-1' });
const never = () => new Promise(() => {});

test('an interruption of less than a second heals without any request', async () => {
  const browser = new FakeBrowser();
  const { states } = await watch(browser);

  browser.peerConnection.become('disconnected');
  await browser.advance(0.9);
  browser.peerConnection.become('connected');
  await browser.advance(60);

  assert.deepEqual(states, ['connecting', 'connected']);
  assert.equal(browser.requests.length, 1);
  assert.equal(browser.pendingTimers, 0);
});

test('after a second ICE is restarted, and the session goes on as the same', async () => {
  const browser = new FakeBrowser();
  const { session, states } = await watch(browser);
  const { peerConnection } = browser;

  peerConnection.become('disconnected');
  await browser.advance(1);
  await browser.advance(60);

  assert.deepEqual(states, ['connecting', 'connected']);
  assert.equal(session.state, 'connected');
  const [restart, ...others] = browser.restarts;
  assert.equal(others.length, 0);
  assert.equal(restart.url, 'https://sfu.example/sfu/sessions/session-1');
  assert.equal(restart.headers.Authorization, 'Bearer t');
  assert.deepEqual(restart.body, { sdp: 'the offer of restart 1', type: 'offer' });
  assert.deepEqual(peerConnection.remoteDescription, {
    type: 'answer', sdp: 'the answer to a restart',
  });
  assert.equal(browser.peerConnections.length, 1);
  assert.equal(browser.pendingTimers, 0);
});

test('not everyone who lost the same server restarts at once', async () => {
  const browser = new FakeBrowser();
  browser.environment.random = () => 0;
  await watch(browser);

  browser.peerConnection.become('disconnected');
  await browser.advance(0.4);
  assert.equal(browser.restarts.length, 0);
  await browser.advance(0.2);

  assert.equal(browser.restarts.length, 1);
});

for (const [what, answer] of [
  ['finds no path', inVain],
  ['does not reach the server', unreachable],
  ['is not answered', never],
  ['is refused for the moment', refused(429, 'rate_limited', { 'Retry-After': '6' })],
  ['is not known to an older server', () => new Response(null, { status: 204 })],
]) {
  test(`a restart that ${what} is given four seconds in all`, async () => {
    const browser = new FakeBrowser();
    const { session, states } = await watch(browser);
    browser.restartAnswers = [answer];

    browser.peerConnection.become('disconnected');
    await browser.advance(3.9);
    assert.equal(session.state, 'connected');
    await browser.advance(0.2);
    assert.equal(session.state, 'connecting');
    await browser.advance(1);

    assert.deepEqual(states, ['connecting', 'connected', 'connecting', 'connected']);
    assert.equal(browser.offers[1].body.previous_session_id, 'session-1');
    assert.equal(browser.restarts.length, 1);
  });
}

for (const [status, code] of [[404, 'not_found'], [409, 'session_mismatch'], [410, 'gone']]) {
  test(`a server that answers ${status} to a restart is asked for another session at once`, async () => {
    const browser = new FakeBrowser();
    const { session } = await watch(browser);
    browser.restartAnswers = [refused(status, code)];

    browser.peerConnection.become('disconnected');
    await browser.advance(1);
    assert.equal(session.state, 'connecting');
    await browser.advance(0.5);

    assert.equal(session.state, 'connected');
    assert.equal(browser.offers.length, 2);
  });
}

test('the old path may come back while a restart is under way', async () => {
  const browser = new FakeBrowser();
  const { states } = await watch(browser);
  browser.restartAnswers = [never];

  browser.peerConnection.become('disconnected');
  await browser.advance(2);
  browser.peerConnection.become('connected');
  await browser.advance(60);

  assert.deepEqual(states, ['connecting', 'connected']);
  assert.equal(browser.pendingTimers, 0);
});

test('the time runs on while a restart looks for its path', async () => {
  const browser = new FakeBrowser();
  const { session } = await watch(browser);
  browser.restartAnswers = [inVain];

  browser.peerConnection.become('disconnected');
  await browser.advance(1.5);
  browser.peerConnection.become('connecting');
  await browser.advance(2.4);
  assert.equal(session.state, 'connected');
  await browser.advance(0.2);

  assert.equal(session.state, 'connecting');
});

test('another network is taken at once, before the connection falters', async () => {
  const browser = new FakeBrowser();
  const { states } = await watch(browser);

  browser.onNetworkChange();
  browser.onNetworkChange();
  await settle();

  assert.equal(browser.restarts.length, 1);
  await browser.advance(60);
  browser.onNetworkChange();
  await browser.advance(60);
  assert.equal(browser.restarts.length, 2);
  assert.deepEqual(states, ['connecting', 'connected']);
});

test('a refusal changes nothing for a connection that is well', async () => {
  const browser = new FakeBrowser();
  const { states } = await watch(browser);
  browser.restartAnswers = [refused(404, 'not_found')];

  browser.onNetworkChange();
  await browser.advance(60);

  assert.deepEqual(states, ['connecting', 'connected']);
});

test('a session that ends lets go of the network, and of a restart', async () => {
  const browser = new FakeBrowser();
  const { session } = await watch(browser);
  let signal;
  browser.restartAnswers = [(init) => new Promise(() => ({ signal } = init))];

  browser.peerConnection.become('disconnected');
  await browser.advance(1);
  session.close();
  await settle();

  assert.ok(signal.aborted);
  assert.equal(browser.onNetworkChange, null);
  assert.equal(browser.pendingTimers, 0);
});

test('an attempt that is not connected yet is not restarted', async () => {
  const browser = new FakeBrowser();
  browser.connects = false;

  const joining = browser.liveRelay.publish({ token: 't', video: true });
  joining.catch(() => undefined);
  await settle();
  browser.peerConnection.become('disconnected');
  await browser.advance(15);

  await assert.rejects(joining, { code: 'TIMEOUT' });
  assert.equal(browser.restarts.length, 0);
});
