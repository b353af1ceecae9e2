import assert from 'node:assert/strict';
import { test } from 'node:test';

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
