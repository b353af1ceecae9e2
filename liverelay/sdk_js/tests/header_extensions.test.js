import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FakeBrowser, FakeElement } from './fakes.js';
import { offerLayers } from '../src/header_extensions.js';

const MID = { uri: 'urn:ietf:params:rtp-hdrext:sdes:mid', direction: 'sendrecv' };
const DEPENDENCIES = {
  uri: 'https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension',
  direction: 'stopped',
};

function transceiver(...extensions) {
  return {
    offered: null,
    getHeaderExtensionsToNegotiate: () => extensions.map((each) => ({ ...each })),
    setHeaderExtensionsToNegotiate(changed) {
      this.offered = changed;
    },
  };
}

test('the dependency descriptor is offered beside what is offered anyway', () => {
  const video = transceiver(MID, DEPENDENCIES);

  offerLayers(video);

  assert.deepEqual(video.offered, [MID, { ...DEPENDENCIES, direction: 'sendrecv' }]);
});

test('a browser that does not have it is left alone', () => {
  const video = transceiver(MID);

  offerLayers(video);
  offerLayers({});

  assert.equal(video.offered, null);
});

test('whoever watches or calls offers to receive the layers of video', async () => {
  const browser = new FakeBrowser();
  const options = { token: 't', audio: true, element: new FakeElement() };

  for (const join of ['subscribe', 'call']) {
    await browser.liveRelay[join](options);

    const offered = browser.peerConnection.transceivers.map(({ headerExtensions }) =>
      headerExtensions.map(({ direction }) => direction),
    );
    assert.deepEqual(offered, [[], ['sendrecv']]);
  }
});
