/** Cameras and microphones that take each other's place, fail to, or go away. */

import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';

import { FakeBrowser, FakeElement, FakeStream, FakeTrack, lose, sent, settle } from './fakes.js';

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

const inUse = () => new DOMException('x', 'NotReadableError');

function recordEnds(session) {
  const ended = [];
  session.on('trackended', ({ detail }) => ended.push(detail.kind));
  return ended;
}

test('a camera that had to go first comes back, as it was, if the other does not open', async () => {
  const browser = new FakeBrowser();
  const session = await publish(browser, { video: { width: 320 } });
  const ended = recordEnds(session);
  browser.captureRefusal = ({ video }) => video.deviceId.exact === 'busy' && inUse();

  await assert.rejects(session.switchCamera('busy'), { code: 'MEDIA_ERROR', message: /in use/ });

  const back = { source: 'device', video: { width: 320, deviceId: { exact: 'id of device 1' } } };
  assert.deepEqual(browser.captures.at(-1), back);
  assert.equal(sent(browser, 'video').label, 'device 4');
  assert.deepEqual(session.localStream.getVideoTracks(), [sent(browser, 'video')]);
  assert.deepEqual(ended, []);
  sent(browser, 'video').dispatchEvent(new Event('ended'));
  assert.deepEqual(ended, ['video']);
});

test('a camera that comes back while the screen is shared comes up afterwards', async () => {
  const browser = new FakeBrowser();
  const session = await publish(browser);
  await session.startScreenShare();
  browser.captureRefusal = ({ video }) => video.deviceId.exact === 'busy' && inUse();

  await assert.rejects(session.switchCamera('busy'), { code: 'MEDIA_ERROR' });
  assert.equal(sent(browser, 'video').label, 'screen 2');
  await session.stopScreenShare();

  assert.equal(sent(browser, 'video').label, 'device 5');
});

test('a camera that had to go first and does not come back is told', async () => {
  const browser = new FakeBrowser();
  const session = await publish(browser);
  const ended = recordEnds(session);
  browser.captureRefusal = inUse;

  await assert.rejects(session.switchCamera('busy'), { code: 'MEDIA_ERROR' });

  assert.deepEqual(ended, ['video']);
});

/** Cameras that open, or are refused, when the test says so; in the order in which they were asked for. */
function decideLater(browser) {
  const asked = [];
  browser.devices.getUserMedia = ({ video }) =>
    new Promise((resolve, reject) => {
      const track = new FakeTrack('video', video.deviceId.exact);
      const open = () => resolve(new FakeStream([track]));
      asked.push({ track, open, refuse: () => reject(inUse()) });
    });
  return asked;
}

for (const order of [[0, 1], [1, 0]]) {
  test(`of two switches at once the second counts, whichever opens first: ${order}`, async () => {
    const browser = new FakeBrowser();
    const session = await publish(browser);
    const old = sent(browser, 'video');
    const asked = decideLater(browser);

    const switching = [session.switchCamera('one'), session.switchCamera('two')];
    for (const number of order) {
      asked[number].open();
      await settle();
    }
    await Promise.all(switching);

    assert.equal(sent(browser, 'video').label, 'two');
    assert.deepEqual([old, ...asked.map(({ track }) => track)].map(({ stopped }) => stopped), [true, true, false]);
  });
}

test('a switch that was overtaken takes nothing away when it is refused', async () => {
  const browser = new FakeBrowser();
  const session = await publish(browser);
  const old = sent(browser, 'video');
  const asked = decideLater(browser);

  const overtaken = session.switchCamera('one');
  void session.switchCamera('two');
  asked[0].refuse();

  await assert.rejects(overtaken, { code: 'MEDIA_ERROR' });
  assert.ok(!old.stopped);
  assert.equal(asked.length, 2);
});

test('a camera that opens late, after the old one, takes no newer one’s place', async () => {
  const browser = new FakeBrowser();
  const session = await publish(browser);
  const asked = decideLater(browser);

  const late = session.switchCamera('one');
  asked[0].refuse();
  await settle();
  const newer = session.switchCamera('two');
  asked[2].open();
  await newer;
  asked[1].open();
  await late;

  assert.equal(sent(browser, 'video').label, 'two');
  assert.ok(asked[1].track.stopped);
});

test('a camera that opens late, after the old one, is sent if the newer one is refused', async () => {
  const browser = new FakeBrowser();
  const session = await publish(browser);
  const asked = decideLater(browser);

  const late = session.switchCamera('one');
  asked[0].refuse();
  await settle();
  const newer = session.switchCamera('two');
  asked[2].refuse();
  await assert.rejects(newer, { code: 'MEDIA_ERROR' });
  asked[1].open();
  await late;

  assert.equal(sent(browser, 'video'), asked[1].track);
  assert.ok(!asked[1].track.stopped);
});

test('nothing comes back after close', async () => {
  const browser = new FakeBrowser();
  const session = await publish(browser);
  const ended = recordEnds(session);
  const asked = decideLater(browser);

  const switching = session.switchCamera('one');
  asked[0].refuse();
  await settle();
  session.close();
  asked[1].refuse();

  await assert.rejects(switching, { code: 'MEDIA_ERROR' });
  assert.equal(asked.length, 2);
  assert.deepEqual(ended, []);
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
  const ended = recordEnds(session);

  sent(browser, 'audio').dispatchEvent(new Event('ended'));

  assert.deepEqual(ended, ['audio']);
});

test('a track of the page that is not sent any more ends without notice', async () => {
  const browser = new FakeBrowser();
  const ofPage = new FakeTrack('video');
  const session = await browser.liveRelay.publish({ token: 't', stream: new FakeStream([ofPage]) });
  const ended = recordEnds(session);

  await session.switchCamera('back');
  ofPage.dispatchEvent(new Event('ended'));
  assert.deepEqual(ended, []);
  sent(browser, 'video').dispatchEvent(new Event('ended'));

  assert.deepEqual(ended, ['video']);
});

test('a camera of the page that waits for a screen to end is missed when it is unplugged', async () => {
  const browser = new FakeBrowser();
  const ofPage = new FakeTrack('video');
  const session = await browser.liveRelay.publish({ token: 't', stream: new FakeStream([ofPage]) });
  const ended = recordEnds(session);

  await session.startScreenShare();
  ofPage.dispatchEvent(new Event('ended'));

  assert.deepEqual(ended, ['video']);
});

test('a session that has ended does not listen to the tracks of the page', async () => {
  const browser = new FakeBrowser();
  const tracks = [new FakeTrack('audio'), new FakeTrack('video')];
  const session = await browser.liveRelay.publish({ token: 't', stream: new FakeStream(tracks) });

  session.close();

  assert.deepEqual(tracks.flatMap((track) => getEventListeners(track, 'ended')), []);
});
