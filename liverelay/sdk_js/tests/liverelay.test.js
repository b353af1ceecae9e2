import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { LiveRelay } from '../src/index.js';
import { FakeBrowser, FakeElement, FakeStream } from './fakes.js';

test('VERSION is the version of the package', () => {
  const path = new URL('../package.json', import.meta.url);

  assert.equal(LiveRelay.VERSION, JSON.parse(readFileSync(path, 'utf8')).version);
});

test('both forms of the constructor, with and without slash or path, reach the same endpoint', async () => {
  const servers = ['https://a.example', 'https://a.example/', new URL('https://a.example')];
  for (const server of servers) {
    const browser = new FakeBrowser();
    const { environment } = browser;

    await new LiveRelay({ server, environment }).subscribe({ token: 't', element: new FakeElement() });

    assert.equal(browser.offers[0].url, 'https://a.example/sfu/subscribe');
  }
});

test('a server below a path keeps it, also for the DELETE', async () => {
  const browser = new FakeBrowser();
  const { environment } = browser;
  const lr = new LiveRelay({ server: 'https://a.example/live/', environment });

  (await lr.subscribe({ token: 't', element: new FakeElement() })).close();

  assert.equal(browser.offers[0].url, 'https://a.example/live/sfu/subscribe');
  assert.equal(browser.deletions[0].url, 'https://a.example/live/sfu/sessions/session-1');
});

test('a missing or unusable server is a TypeError that says so', () => {
  for (const server of [undefined, null, 7, '', 'nonsense', 'ftp://a.example', {}]) {
    assert.throws(() => new LiveRelay(server), { name: 'TypeError', message: /URL/ });
  }
});

test('wrong options are a TypeError that says what is needed, and nothing is sent', async () => {
  const browser = new FakeBrowser();
  const lr = browser.liveRelay;
  const element = new FakeElement();
  const wrong = [
    [() => lr.publish(), /publish\(\) needs an options object/],
    [() => lr.publish({ video: true }), /publish\(\) needs a token/],
    [() => lr.publish({ token: '', video: true }), /needs a token/],
    [() => lr.publish({ token: 't' }), /needs a stream, or video: true, or audio: true/],
    [() => lr.publish({ token: 't', stream: {} }), /a MediaStream/],
    [() => lr.publish({ token: 't', stream: new FakeStream() }), /at least one track/],
    [() => lr.publish({ token: 't', video: true, onStateChange: 1 }), /onStateChange/],
    [() => lr.subscribe({ token: 't' }), /subscribe\(\) needs an element/],
    [() => lr.subscribe({ token: 't', element: '#video' }), /needs an element/],
    [() => lr.call({ token: 't', video: true }), /call\(\) needs an element/],
    [() => lr.call({ token: 't', element }), /needs a stream, or video/],
    [() => lr.call({ token: 't', element, video: true, localElement: 1 }), /localElement/],
  ];
  for (const [attempt, message] of wrong) {
    await assert.rejects(attempt, { name: 'TypeError', message });
  }

  assert.equal(browser.requests.length + browser.captures.length, 0);
});
