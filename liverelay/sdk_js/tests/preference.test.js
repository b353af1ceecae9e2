/** What a viewer says that it has use for. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FakeBrowser, FakeElement, refused, settle, unreachable } from './fakes.js';

function element() {
  return Object.assign(new FakeElement(), { videoWidth: 1280, videoHeight: 720 });
}

async function watch(browser, shown = element()) {
  return browser.liveRelay.subscribe({ token: 't', element: shown });
}

function resize(browser, width, height, scale = 1) {
  browser.onSize({ width, height, scale });
  return browser.advance(1);
}

test('a quality is told to the server', async () => {
  const browser = new FakeBrowser();
  const session = await watch(browser);

  session.setQuality('low');
  await settle();
  session.setQuality('auto');

  assert.equal(session.quality, 'auto');
  assert.deepEqual(browser.changes, [{ quality: 'low' }, { quality: 'auto' }]);
  const [, request] = browser.requests;
  assert.equal(request.url, 'https://sfu.example/sfu/sessions/session-1');
  assert.equal(request.headers.Authorization, 'Bearer t');
});

test('a quality that there is not is a TypeError', async () => {
  const browser = new FakeBrowser();
  const session = await watch(browser);

  assert.throws(() => session.setQuality('best'), /needs one of low, medium, high, auto/);

  assert.deepEqual([session.quality, browser.changes], ['auto', []]);
});

test('a size is told once it has settled', async () => {
  const browser = new FakeBrowser();
  await watch(browser);

  for (const width of [100, 200, 300]) {
    browser.onSize({ width, height: 150, scale: 1.5 });
    await browser.advance(0.3);
  }
  assert.deepEqual(browser.changes, []);
  await browser.advance(0.3);

  assert.deepEqual(browser.changes, [{ width: 450, height: 225 }]);
});

test('an element without a size says nothing, unless it had one', async () => {
  const browser = new FakeBrowser();
  await watch(browser);

  for (const [width, height] of [[0, 0], [320, 180], [0, 0]]) {
    await resize(browser, width, height);
  }

  assert.deepEqual(browser.changes, [{ width: 320, height: 180 }, { width: 0, height: 0 }]);
});

test('an element says nothing that has no picture, or takes its size from it', async () => {
  const browser = new FakeBrowser();
  const shown = new FakeElement();
  await watch(browser, shown);

  await resize(browser, 300, 150);
  Object.assign(shown, { videoWidth: 320, videoHeight: 180 });
  await resize(browser, 320, 180);

  assert.deepEqual(browser.changes, []);
});

test('an element that has grown to its picture is bounded no more', async () => {
  const browser = new FakeBrowser();
  const shown = element();
  await watch(browser, shown);
  await resize(browser, 300, 169);
  Object.assign(shown, { videoWidth: 320, videoHeight: 180 });

  await resize(browser, 320, 180);
  await resize(browser, 320, 180);

  assert.deepEqual(browser.changes, [{ width: 300, height: 169 }, { width: null, height: null }]);
});

test('an element that has shrunk to a smaller picture stays as large as it was', async () => {
  const browser = new FakeBrowser();
  const shown = element();
  await watch(browser, shown);
  await resize(browser, 700, 394);
  Object.assign(shown, { videoWidth: 640, videoHeight: 360 });

  await resize(browser, 640, 360);

  assert.deepEqual(browser.changes, [{ width: 700, height: 394 }]);
});

test('a session that comes back says again what it wants', async () => {
  const browser = new FakeBrowser();
  const session = await watch(browser);
  await resize(browser, 320, 180);
  session.setQuality('high');

  browser.peerConnection.become('failed');
  await settle();
  session.setQuality('medium');
  await browser.advance(1);

  assert.equal(session.state, 'connected');
  assert.deepEqual(browser.changes.slice(2), [{ quality: 'medium', width: 320, height: 180 }]);
  assert.equal(browser.requests.at(-1).url, 'https://sfu.example/sfu/sessions/session-2');
});

test('a size that settles while the connection is lost is told with the next', async () => {
  const browser = new FakeBrowser();
  await watch(browser);
  browser.peerConnection.become('failed');

  browser.onSize({ width: 640, height: 360, scale: 1 });
  await browser.advance(0.5);
  await browser.advance(1);

  assert.deepEqual(browser.changes, [{ quality: 'auto', width: 640, height: 360 }]);
});

test('a session that ends observes nothing more', async () => {
  const browser = new FakeBrowser();
  const session = await watch(browser);
  browser.onSize({ width: 320, height: 180, scale: 1 });

  session.close();
  await browser.advance(1);

  assert.deepEqual([browser.onSize, browser.changes], [null, []]);
});

/** An answer that comes when the test says so. */
function held() {
  const answer = () => new Promise((resolve) => {
    answer.give = () => resolve(new Response(null, { status: 204 }));
  });
  return answer;
}

test('of changes in quick succession the last one is what the server is told last', async () => {
  const browser = new FakeBrowser();
  const session = await watch(browser);
  const first = held();
  browser.changeAnswers.push(first);

  session.setQuality('low');
  session.setQuality('medium');
  await resize(browser, 320, 180);
  session.setQuality('high');
  assert.deepEqual(browser.changes, [{ quality: 'low' }]);
  first.give();
  await settle();

  assert.deepEqual(browser.changes.slice(1), [{ quality: 'high', width: 320, height: 180 }]);
});

for (const [what, answer] of [
  ['does not reach the server', unreachable],
  ['is not answered', () => new Promise(() => {})],
  ['meets a server that is busy', refused(503, 'unavailable')],
]) {
  test(`a change that ${what} is told once more, as it is wanted by then`, async () => {
    const browser = new FakeBrowser();
    const session = await watch(browser);
    browser.changeAnswers.push(answer);

    session.setQuality('low');
    await resize(browser, 320, 180);
    await browser.advance(10);

    assert.deepEqual(browser.changes, [
      { quality: 'low' }, { quality: 'low', width: 320, height: 180 },
    ]);
    assert.equal(session.state, 'connected');
  });
}

test('a change that is lost twice is told with the next one', async () => {
  const browser = new FakeBrowser();
  const session = await watch(browser);
  browser.changeAnswers.push(unreachable, unreachable);

  session.setQuality('low');
  await browser.advance(60);
  assert.deepEqual(browser.changes, [{ quality: 'low' }, { quality: 'low' }]);
  await resize(browser, 320, 180);

  assert.deepEqual(browser.changes.slice(2), [{ quality: 'low', width: 320, height: 180 }]);
});

test('a change that the server refuses is not told again', async () => {
  const browser = new FakeBrowser();
  const session = await watch(browser);
  browser.changeAnswers.push(refused(404, 'not_found'));

  session.setQuality('low');
  await browser.advance(60);
  await resize(browser, 320, 180);

  assert.deepEqual(browser.changes, [{ quality: 'low' }, { width: 320, height: 180 }]);
});

test('a connection that is gone is told nothing more', async () => {
  const browser = new FakeBrowser();
  const session = await watch(browser);
  browser.changeAnswers.push(unreachable);

  session.setQuality('low');
  await settle();
  session.close();
  await browser.advance(60);

  assert.deepEqual(browser.changes, [{ quality: 'low' }]);
  assert.equal(browser.pendingTimers, 0);
});

test('a call has a quality as well', async () => {
  const browser = new FakeBrowser();
  const session = await browser.liveRelay.call({ token: 't', audio: true, element: new FakeElement() });

  session.setQuality('medium');

  assert.deepEqual([session.quality, browser.changes], ['medium', [{ quality: 'medium' }]]);
});
