/** A call: check your picture, join, talk, leave. */

import { byId, copyOnClick, keepFocus, linkTo, notify, SERVER } from '../shared/page.js';
import { explain } from '../shared/words.js';
import { linkParameters, NO_LINK, setStatus } from './common.js';
import { MuteButtons, Studio } from './studio.js';

const FULL = 'Two people are in this call already.';

const ENDED = {
  title: 'The call has ended',
  text: 'This link joined on another page, the room was deleted, or the connection is gone for good.',
};

/** A picture that stands still for so long means that the other side is gone. */
const STILL_MS = 5000;

const lr = new LiveRelay(SERVER);
const { token, invite } = linkParameters();
const [overlayTitle, overlayText] = [byId('overlay-title'), byId('overlay-text')];
const CAMERA_OFF = { title: overlayTitle.textContent, text: overlayText.textContent };
const ALONE = {
  title: 'You are in. Nobody else is, yet',
  text: invite
    ? 'Send the link below to the other person. They appear here when they join.'
    : 'The other person appears here when they join.',
};
const [preview, remote] = [byId('preview'), byId('remote')];
const mutes = new MuteButtons();
const studio = new Studio(draw);
let session = null;
let state = 'disconnected';
let frames = 0;
let movedAt = 0;

if (token) {
  byId('studio').hidden = false;
  byId('join').addEventListener('click', join);
  byId('leave').addEventListener('click', () => session?.close());
  setInterval(drawCall, 1000);
  showInvitation();
} else {
  notify(NO_LINK);
}

function showInvitation() {
  if (!invite) return;
  byId('share').hidden = false;
  byId('share-link').value = linkTo('call.html', { token: invite });
  copyOnClick(byId('copy'), byId('share-link'));
}

async function join() {
  notify(null);
  byId('join').disabled = true;
  studio.lock(true);
  try {
    const { stream } = studio;
    session = await lr.call({ token, stream, element: remote, localElement: preview, onStateChange });
  } catch (error) {
    notify(explain(error, { full: FULL }));
  }
  draw(studio.stream);
}

function onStateChange(next) {
  const wasIn = session !== null;
  state = next;
  if (next === 'connecting') setStatus(wasIn ? 'Reconnecting…' : 'Connecting…', 'busy');
  if (next === 'disconnected' || next === 'failed') {
    if (next === 'failed' && wasIn) {
      notify(ENDED);
    }
    session = null;
    frames = 0;
    draw(studio.stream);
  }
}

function draw(stream) {
  const running = session !== null;
  // During the call, the SDK shows our own picture.
  if (!running && preview.srcObject !== stream) preview.srcObject = stream;
  if (stream) preview.play().catch(() => undefined);
  preview.classList.toggle('inset', running);
  remote.hidden = !running;
  byId('turn-on').hidden = stream !== null;
  byId('join').hidden = running;
  byId('join').disabled = stream === null;
  byId('leave').hidden = !running;
  studio.lock(running);
  mutes.show(stream, session);
  drawCall();
  keepFocus(byId(running ? 'leave' : 'join'));
}

function drawCall() {
  if (!session) {
    if (state !== 'connecting') setStatus('Not in the call');
    cover(studio.stream === null && CAMERA_OFF);
    return;
  }
  if (state !== 'connected') return;
  // The same frames as a second ago, and silence in the element: nobody is there.
  const { totalVideoFrames } = remote.getVideoPlaybackQuality();
  if (totalVideoFrames !== frames) movedAt = Date.now();
  frames = totalVideoFrames;
  const present = frames > 0 ? Date.now() - movedAt < STILL_MS : isHeard();
  setStatus(present ? 'In the call' : 'Waiting', present ? 'good' : 'busy');
  cover(!present && ALONE);
}

/**
 * Whether sound has come, which is all that comes from who has no camera. That it has ended is not
 * seen: Chromium mutes a track until its first packet, and never again.
 */
function isHeard() {
  const tracks = remote.srcObject?.getAudioTracks() ?? [];
  return tracks.some(({ muted, readyState }) => !muted && readyState === 'live');
}

function cover(words) {
  byId('overlay').hidden = !words;
  if (!words || overlayTitle.textContent === words.title) return;
  overlayTitle.textContent = words.title;
  overlayText.textContent = words.text;
}
