import assert from 'node:assert/strict';
import { test } from 'node:test';

import { errorFromResponse, isTransient, LiveRelayError } from '../src/errors.js';

function response(status, headers = {}) {
  return new Response('', { status, headers });
}

const DOCUMENTED = [
  [401, 'auth_header_missing', 'AUTH_ERROR'],
  [401, 'token_invalid', 'AUTH_ERROR'],
  [401, 'token_expired', 'AUTH_ERROR'],
  [403, 'role_insufficient', 'AUTH_ERROR'],
  [404, 'room_not_found', 'ROOM_NOT_FOUND'],
  [409, 'room_full', 'ROOM_FULL'],
  [409, 'session_ended', 'SERVER_ERROR'],
  [404, 'no_publisher_available', 'SERVER_ERROR'],
  [400, 'room_type_mismatch', 'SERVER_ERROR'],
  [400, 'invalid_sdp', 'SERVER_ERROR'],
  [400, 'codec_mismatch', 'SERVER_ERROR'],
  [500, 'peer_connection_failed', 'SERVER_ERROR'],
  [429, 'rate_limited', 'SERVER_ERROR'],
  [503, 'unavailable', 'SERVER_ERROR'],
];

for (const [status, serverCode, code] of DOCUMENTED) {
  test(`server code ${serverCode} becomes ${code}`, () => {
    const error = errorFromResponse(response(status), { error: serverCode, message: 'A sentence' });

    assert.ok(error instanceof LiveRelayError && error instanceof Error);
    assert.equal(error.name, 'LiveRelayError');
    assert.equal(error.code, code);
    assert.equal(error.message, 'A sentence');
    assert.equal(error.httpStatus, status);
    assert.equal(error.serverCode, serverCode);
  });
}

test('an answer that is not the server’s own becomes SERVER_ERROR with its status', () => {
  for (const body of [null, 'Bad gateway', [], { error: 7 }, { error: { message: 'x' } }]) {
    const error = errorFromResponse(response(502), body);

    assert.equal(error.code, 'SERVER_ERROR');
    assert.equal(error.httpStatus, 502);
    assert.equal(error.serverCode, undefined);
    assert.equal(error.message, 'The server answered 502');
  }
});

test('Retry-After is read in seconds, and nonsense in it is no delay', () => {
  const delays = ['7', '0', '-1', 'Wed, 21 Oct 2026 07:28:00 GMT', ''].map(
    (value) => errorFromResponse(response(503, { 'Retry-After': value }), null).retryAfter,
  );

  assert.deepEqual(delays, [7, 0, undefined, undefined, undefined]);
});

test('only what may pass by itself is transient', () => {
  const of = (status, error) => errorFromResponse(response(status), { error });

  assert.ok(isTransient(new LiveRelayError('', { code: 'NETWORK_ERROR' })));
  assert.ok(isTransient(new LiveRelayError('', { code: 'TIMEOUT' })));
  assert.ok(isTransient(of(503, 'unavailable')));
  assert.ok(isTransient(of(429, 'rate_limited')));
  assert.ok(isTransient(of(404, 'no_publisher_available')));
  assert.ok(!isTransient(of(401, 'token_invalid')));
  assert.ok(!isTransient(of(404, 'room_not_found')));
  assert.ok(!isTransient(of(409, 'room_full')));
  assert.ok(!isTransient(of(409, 'session_ended')));
  assert.ok(!isTransient(of(400, 'codec_mismatch')));
  assert.ok(!isTransient(new LiveRelayError('', { code: 'MEDIA_ERROR' })));
  assert.ok(!isTransient(new TypeError('ours')));
});
