/** Watching: start without sound, wait while nobody is live, say when the picture stands still. */

import { byId, notify, SERVER } from '../shared/page.js';
import { explain } from '../shared/words.js';
import { linkParameters, NO_LINK, setStatus } from './common.js';

/** How often to ask whether somebody is live, and how long a picture may stand still. */
const ASK_AGAIN_MS = 3000;
const STILL_MS = 5000;

const lr = new LiveRelay(SERVER);
const { token } = linkParameters();
const video = byId('video');
let frames = 0;
let movedAt = 0;
let wasConnected = false;

if (token) {
  byId('player').hidden = false;
  byId('again').addEventListener('click', join);
  byId('mute').addEventListener('click', () => setSound(video.muted));
  byId('sound-on').addEventListener('click', () => setSound(true));
  byId('full-screen').addEventListener('click', toggleFullScreen);
  video.addEventListener('volumechange', drawSound);
  setInterval(checkPicture, 1000);
  join();
} else {
  notify(NO_LINK);
}

async function join() {
  byId('again').hidden = true;
  try {
    await lr.subscribe({ token, element: video, onStateChange });
  } catch (error) {
    const nobodyIsLive = error.code === 'SERVER_ERROR' && error.httpStatus === 404;
    if (nobodyIsLive) askAgainSoon();
    else stopWith(explain(error));
  }
}

function askAgainSoon() {
  setStatus('Waiting', 'busy');
  cover('Nobody is live yet', 'This page starts by itself as soon as they are. You can leave it open.');
  setTimeout(join, ASK_AGAIN_MS);
}

function stopWith({ title, text }) {
  setStatus('Not connected');
  cover(title, text);
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
    stopWith({
      title: 'The stream has ended',
      text: 'The room was deleted, you were removed from it, or the connection is gone for good.',
    });
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
    cover('The stream is paused', 'It goes on by itself when the other side is back.');
  }
}

function cover(title, text) {
  if (byId('overlay-title').textContent !== title) byId('overlay-title').textContent = title;
  byId('overlay-text').textContent = text;
  byId('overlay').hidden = false;
  drawSound();
}

function uncover() {
  byId('overlay').hidden = true;
  drawSound();
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
