import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FakeBrowser, FakeElement, refused, settle, unreachable } from './fakes.js';

const NOBODY = { speaking: [], dominant: null };
const anna = { peer_id: 'anna', audio_level: 0.1 };
const ben = { peer_id: 'ben', audio_level: 0.3 };

function speakers(data) {
  return `id: 1\nevent: speakers\ndata: ${JSON.stringify(data)}\n\n`;
}

async function listening(browser = new FakeBrowser()) {
  const session = await browser.liveRelay.subscribe({ token: 'token', element: new FakeElement() });
  const heard = [];
  session.on('speaking', ({ detail }) => heard.push(detail));
  await settle();
  return { browser, session, heard };
}

function requests(browser) {
  return browser.requests.filter(({ url }) => url.endsWith('/events'));
}

test('nothing is asked for unless the page listens', async () => {
  const browser = new FakeBrowser();

  await browser.liveRelay.subscribe({ token: 'token', element: new FakeElement() });
  await browser.advance(30);

  assert.equal(requests(browser).length, 0);
});

test('the events of the session are asked for once, with the token', async () => {
  const { browser, session } = await listening();

  session.on('speaking', () => {});
  await settle();

  const [{ url, headers }, ...more] = requests(browser);
  assert.equal(url, 'https://sfu.example/sfu/sessions/session-1/events');
  assert.deepEqual(headers, { Authorization: 'Bearer token' });
  assert.equal(more.length, 0);
});

test('each peer that begins or ends is told once', async () => {
  const { browser, heard } = await listening();
  const [stream] = browser.eventStreams;

  stream.write(speakers({ speaking: [anna], dominant: 'anna' }));
  stream.write(': heartbeat\n\n');
  stream.write(speakers({ speaking: [anna, ben], dominant: 'anna' }));
  stream.write(speakers({ speaking: [ben], dominant: 'ben' }));
  await settle();

  assert.deepEqual(heard, [
    { peerId: 'anna', speaking: true, audioLevel: 0.1, dominant: true },
    { peerId: 'ben', speaking: true, audioLevel: 0.3, dominant: false },
    { peerId: 'anna', speaking: false, audioLevel: 0, dominant: false },
    { peerId: 'ben', speaking: true, audioLevel: 0.3, dominant: true },
  ]);
});

test('events may come in any pieces, and others than these are passed over', async () => {
  const { browser, heard } = await listening();
  const [stream] = browser.eventStreams;
  const text = `event: news\ndata: {}\n\n${speakers({ speaking: [anna], dominant: null })}`;

  for (const character of text) stream.write(character);

  for (let turn = 0; heard.length === 0 && turn < 20; turn += 1) await settle();
  assert.deepEqual(heard, [{ peerId: 'anna', speaking: true, audioLevel: 0.1, dominant: false }]);
});

test('a stream that breaks is asked for again, ever later', async () => {
  const browser = new FakeBrowser();
  browser.eventAnswers = [refused(503, 'unavailable'), unreachable];
  const { heard } = await listening(browser);

  await browser.advance(1);
  assert.equal(requests(browser).length, 2);
  await browser.advance(2);
  assert.equal(requests(browser).length, 3);
  browser.eventStreams[0].write(speakers({ speaking: [anna], dominant: 'anna' }));
  await settle();
  browser.eventStreams[0].close();
  await browser.advance(1);

  assert.equal(requests(browser).length, 4);
  assert.equal(heard.length, 1);
});

test('a server that has no such events is not asked again', async () => {
  const browser = new FakeBrowser();
  browser.eventAnswers = [refused(404, 'not_found')];
  await listening(browser);

  await browser.advance(60);

  assert.equal(requests(browser).length, 1);
});

test('nobody speaks any more when the session is closed', async () => {
  const { browser, session, heard } = await listening();
  browser.eventStreams[0].write(speakers({ speaking: [anna], dominant: 'anna' }));
  await settle();

  session.close();
  await browser.advance(60);

  assert.equal(browser.eventStreams[0].signal.aborted, true);
  assert.equal(requests(browser).length, 1);
  assert.deepEqual(heard.map(({ speaking }) => speaking), [true, false]);
});

test('who closes the session on hearing a speaker hears of no other after that', async () => {
  const { browser, session, heard } = await listening();
  session.on('speaking', () => session.close());
  session.on('ended', () => heard.push('ended'));

  const [stream] = browser.eventStreams;
  const data = { speaking: [anna, ben], dominant: 'anna' };
  stream.write(speakers(data) + speakers({ speaking: [ben], dominant: 'ben' }));
  await settle();

  assert.deepEqual(heard, [
    { peerId: 'anna', speaking: true, audioLevel: 0.1, dominant: true },
    { peerId: 'anna', speaking: false, audioLevel: 0, dominant: false },
    'ended',
  ]);
});

test('after a lost connection the new session is followed', async () => {
  const { browser, heard } = await listening();
  browser.eventStreams[0].write(speakers({ speaking: [anna], dominant: 'anna' }));
  await settle();

  browser.peerConnection.become('failed');
  await browser.advance(1);
  browser.eventStreams[1].write(speakers({ speaking: [ben], dominant: 'ben' }));
  await settle();

  assert.match(requests(browser)[1].url, /session-2\/events$/);
  assert.deepEqual(
    heard.map(({ peerId, speaking }) => [peerId, speaking]),
    [
      ['anna', true],
      ['anna', false],
      ['ben', true],
    ],
  );
});

test('a page that waits for its session to close while it asks again is left alone', async () => {
  const browser = new FakeBrowser();
  browser.eventAnswers = [unreachable];
  const { session } = await listening(browser);

  session.close();
  await browser.advance(60);

  assert.equal(requests(browser).length, 1);
});

test('nobody has spoken where nobody is listed', async () => {
  const { browser, heard } = await listening();

  browser.eventStreams[0].write(speakers(NOBODY));
  await settle();

  assert.deepEqual(heard, []);
});
