/** Going live: preview, start, mute, stop. */

import { byId, copyOnClick, keepFocus, linkTo, notify, SERVER } from '../shared/page.js';
import { explain } from '../shared/words.js';
import { linkParameters, NO_LINK, setStatus } from './common.js';
import { MuteButtons, Studio } from './studio.js';

const FULL = 'Someone else is live in this room already. They have to stop before you can start.';

/** The documented calls do not tell these apart; going live again does. */
const ENDED = {
  title: 'You are not live any more',
  text: 'This link went live on another page, the room was deleted, or the connection is gone for good.',
};

const lr = new LiveRelay(SERVER);
const { token, watch } = linkParameters();
const mutes = new MuteButtons();
const studio = new Studio(draw);
let session = null;
let live = false;
let startedAt = 0;

if (token) {
  byId('studio').hidden = false;
  byId('go-live').addEventListener('click', start);
  byId('stop').addEventListener('click', () => session?.close());
  setInterval(drawClock, 1000);
  showShareLink();
} else {
  notify(NO_LINK);
}

function showShareLink() {
  if (!watch) return;
  const link = linkTo('watch.html', { token: watch });
  byId('share').hidden = false;
  byId('share-link').value = link;
  byId('open-link').href = link;
  copyOnClick(byId('copy'), byId('share-link'));
}

async function start() {
  notify(null);
  byId('go-live').disabled = true;
  studio.lock(true);
  try {
    session = await lr.publish({ token, stream: studio.stream, onStateChange });
  } catch (error) {
    notify(explain(error, { full: FULL }));
  }
  draw(studio.stream);
}

function onStateChange(state) {
  live = state === 'connected';
  if (state === 'connecting') setStatus(startedAt ? 'Reconnecting…' : 'Connecting…', 'busy');
  if (live) startedAt ||= Date.now();
  drawClock();
  if (state === 'disconnected' || state === 'failed') {
    if (state === 'failed' && startedAt) {
      notify(ENDED);
    }
    session = null;
    startedAt = 0;
    setStatus('Not live');
    draw(studio.stream);
  }
}

function draw(stream) {
  const preview = byId('preview');
  if (preview.srcObject !== stream) preview.srcObject = stream;
  if (stream) preview.play().catch(() => undefined);
  const running = session !== null;
  byId('overlay').hidden = stream !== null;
  byId('go-live').hidden = running;
  byId('go-live').disabled = stream === null;
  byId('stop').hidden = !running;
  studio.lock(running);
  mutes.show(stream, session);
  keepFocus(byId(running ? 'stop' : 'go-live'));
}

function drawClock() {
  if (!live) return;
  const seconds = Math.floor((Date.now() - startedAt) / 1000);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  setStatus(`Live ${parts.map((part) => String(part).padStart(2, '0')).join(':')}`, 'live');
}
