/** The requests of a session, where nothing of it can be seen from outside. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { patchOffer } from '../src/protocol.js';

test('a request that is given up while its answer arrives rejects with the reason', async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const fetch = async () => {
    const start = (body) => signal.addEventListener('abort', () => body.error(signal.reason));
    return new Response(new ReadableStream({ start }));
  };
  const reason = new Error('no more time');

  const session = { url: 'https://sfu.example/sfu/sessions/s', token: 't', sdp: 'the offer', signal };
  const restarting = patchOffer({ fetch }, session);
  controller.abort(reason);

  await assert.rejects(restarting, reason);
});
