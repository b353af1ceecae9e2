/** Watching: start without sound, wait while nobody is live, say when the picture stands still. */

import { byId, keepFocus, notify, SERVER } from '../shared/page.js';
import { explain } from '../shared/words.js';
import { linkParameters, NO_LINK, setStatus } from './common.js';

/** How often to ask whether somebody is live, and how long a picture may stand still. */
const ASK_AGAIN_MS = 3000;
const STILL_MS = 5000;

const NOT_YET = {
  title: 'Nobody is live yet',
  text: 'This page starts by itself as soon as they are. You can leave it open.',
};

const ENDED = {
  title: 'The stream has ended',
  text: 'The room was deleted, you were removed from it, or the connection is gone for good.',
};

const PAUSED = {
  title: 'The stream is paused',
  text: 'It goes on by itself when the other side is back.',
};

const lr = new LiveRelay(SERVER);
const { token } = linkParameters();
const video = byId('video');
let frames = 0;
let movedAt = 0;
let session = null;
let wasConnected = false;

if (token) {
  byId('player').hidden = false;
  byId('again').addEventListener('click', tryAgain);
  byId('mute').addEventListener('click', () => setSound(video.muted));
  byId('sound-on').addEventListener('click', turnOnSound);
  byId('full-screen').addEventListener('click', toggleFullScreen);
  video.addEventListener('volumechange', drawSound);
  setInterval(checkPicture, 1000);
  join({ isWaiting: false });
} else {
  notify(NO_LINK);
}

async function join({ isWaiting }) {
  byId('again').hidden = true;
  try {
    session = await lr.subscribe({ token, element: video, onStateChange });
  } catch (error) {
    if (isNobodyLive(error)) waitForStream();
    else if (isWaiting && mayPass(error)) waitThrough(error);
    else stopWith(explain(error));
  }
}

async function tryAgain() {
  await join({ isWaiting: false });
  const next = ['again', 'sound-on'].find((id) => !byId(id).hidden);
  keepFocus(byId(next ?? 'full-screen'));
}

function isNobodyLive(error) {
  return error?.code === 'SERVER_ERROR' && error.httpStatus === 404;
}

/** Whether the next answer may be another one. */
function mayPass({ code, httpStatus = 0 }) {
  return code === 'NETWORK_ERROR' || code === 'TIMEOUT' || httpStatus === 429 || httpStatus >= 500;
}

function waitForStream() {
  cover(frames > 0 ? PAUSED : NOT_YET);
  askAgainSoon();
}

function waitThrough(error) {
  cover({ title: explain(error).title, text: 'This page goes on trying by itself.' });
  askAgainSoon(error.retryAfter);
}

function askAgainSoon(retryAfter = 0) {
  setStatus('Waiting', 'busy');
  setTimeout(() => join({ isWaiting: true }), Math.max(ASK_AGAIN_MS, retryAfter * 1000));
}

function stopWith(reason) {
  setStatus('Not connected');
  cover(reason);
  byId('again').hidden = false;
}

function onStateChange(state) {
  if (state === 'connecting' && wasConnected) {
    setStatus('Reconnecting', 'busy');
  }
  if (state === 'connected') {
    wasConnected = true;
    movedAt = Date.now();
    frames = 0;
    setStatus('Connected', 'good');
    uncover();
  }
  if (state === 'failed' && wasConnected) {
    wasConnected = false;
    if (isNobodyLive(session.error)) waitForStream();
    else stopWith(ENDED);
  }
}

function checkPicture() {
  if (!wasConnected) return;
  const now = video.getVideoPlaybackQuality().totalVideoFrames;
  if (now !== frames) {
    frames = now;
    movedAt = Date.now();
    setStatus('Live', 'live');
    uncover();
  } else if (frames > 0 && Date.now() - movedAt > STILL_MS) {
    setStatus('Paused', 'busy');
    cover(PAUSED);
  }
}

function cover({ title, text }) {
  if (byId('overlay-title').textContent !== title) byId('overlay-title').textContent = title;
  byId('overlay-text').textContent = text;
  byId('overlay').hidden = false;
  drawSound();
}

function uncover() {
  byId('overlay').hidden = true;
  drawSound();
}

function turnOnSound() {
  setSound(true);
  drawSound();
  keepFocus(byId('mute'));
}

function setSound(on) {
  video.muted = !on;
  if (on) video.play().catch(() => (video.muted = true));
}

function drawSound() {
  byId('mute').disabled = !wasConnected;
  byId('mute').toggleAttribute('data-muted', video.muted);
  byId('mute-label').textContent = video.muted ? 'Unmute' : 'Mute';
  byId('sound-on').hidden = !video.muted || !byId('overlay').hidden;
}

function toggleFullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  // An iPhone gives full screen to videos only.
  else if (byId('stage').requestFullscreen) byId('stage').requestFullscreen();
  else video.webkitEnterFullscreen?.();
}
