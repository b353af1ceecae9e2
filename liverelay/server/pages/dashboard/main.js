/** The dashboard: logging in, choosing what is shown, and keeping it up to date. */

import { byId, notify } from '../shared/page.js';
import { KEY_REFUSED } from './actions.js';
import { apiKey, checkKey, RequestError } from './api.js';
import { setText } from './dom.js';
import { follow } from './event_stream.js';
import { plural } from './format.js';
import { KeysView } from './keys_view.js';
import { Links } from './links.js';
import { LiveData } from './live_data.js';
import { OnAir } from './on_air.js';
import { RoomView } from './room_view.js';
import { RoomsView } from './rooms_view.js';
import { ServerView } from './server_view.js';

/** @typedef {import('./event_stream.js').LinkState} LinkState */
/** @typedef {import('./event_stream.js').ServerEvent} ServerEvent */
/** @typedef {import('../shared/words.js').Message} Message */
/**
 * @typedef {object} View
 * @property {string} title
 * @property {HTMLElement} element
 * @property {() => void} [update] Something may have changed.
 * @property {(event: ServerEvent) => void} [onEvent]
 * @property {() => void} [close]
 */

/** @type {Record<LinkState, string>} */
const LINK_STATES = { connecting: 'Connecting', live: 'Up to date', lost: 'Reconnecting' };

const REVOKED = {
  title: 'This API key is not valid any more',
  text: 'It was revoked, here or elsewhere. Log in with another one.',
};

const LOST = {
  title: 'The server cannot be reached',
  text: 'What you see is from before. This page goes on by itself as soon as the server is back.',
};

const links = new Links();
const onAir = new OnAir();
let data = new LiveData();
let following = new AbortController();
/** @type {View | null} */
let view = null;
/** @type {Message | null} Why what is shown is not up to date. */
let outage = null;

byId('skip').addEventListener('click', skip);
byId('log-in').addEventListener('submit', logIn);
byId('log-out').addEventListener('click', () => logOut(null));
addEventListener(KEY_REFUSED, () => logOut(REVOKED));
addEventListener('hashchange', () => {
  if (apiKey.value) show({ isFirst: false });
});
addEventListener('beforeunload', (event) => {
  // The browser asks before the page, and what it sends, is gone.
  if (onAir.roomId) event.preventDefault();
});
onAir.addEventListener('change', () => view?.update?.());
if (apiKey.value) enter({ isFirst: true });
else drawShell();

/**
 * Goes to the content without going to an address: that is what chooses the view.
 *
 * @param {MouseEvent} event
 */
function skip(event) {
  event.preventDefault();
  byId('main').focus();
}

/** @param {SubmitEvent} event */
async function logIn(event) {
  event.preventDefault();
  const [input, submit] = [byId('key'), byId('log-in-submit')];
  const key = input.value.trim();
  notify(null);
  // A form whose button is disabled is not sent by Enter either.
  submit.disabled = true;
  try {
    await checkKey(key);
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    notify(error.words);
    input.focus();
    input.select();
    return;
  } finally {
    submit.disabled = false;
  }
  apiKey.value = key;
  input.value = '';
  enter({ isFirst: false });
}

/** @param {{ isFirst: boolean }} options Whether the page was just loaded. */
function enter({ isFirst }) {
  outage = null;
  drawShell();
  show({ isFirst });
  following.abort();
  following = new AbortController();
  follow('v1/events', { onEvent, onState, onRefused: () => logOut(REVOKED) }, following.signal);
}

/** @param {Message | null} reason */
function logOut(reason) {
  if (!apiKey.value) return;
  apiKey.value = '';
  following.abort();
  onAir.stop();
  links.clear();
  closeView();
  data = new LiveData();
  drawShell();
  notify(reason);
  byId('key').focus();
}

function drawShell() {
  const isIn = Boolean(apiKey.value);
  byId('log-in').hidden = isIn;
  for (const id of ['nav', 'log-out', 'link-state', 'view']) byId(id).hidden = !isIn;
  if (!isIn) document.title = 'Log in · LiveRelay';
}

/** @param {{ isFirst: boolean }} options */
function show({ isFirst }) {
  closeView();
  notify(outage);
  const [section, id] = address();
  view = createView(section, id);
  byId('view').replaceChildren(view.element);
  document.title = `${view.title} · LiveRelay`;
  for (const link of byId('nav').querySelectorAll('a')) {
    const isCurrent = link.hash === `#/${section}`;
    if (isCurrent) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  // As after loading a page: a screen reader begins at its top.
  if (!isFirst) byId('main').focus();
  scrollTo(0, 0);
}

/** The section that the address names, or else the rooms, and what it names of it. */
function address() {
  const [section, id] = location.hash.slice(2).split('/');
  return ['rooms', 'keys', 'server'].includes(section) ? [section, id] : ['rooms', ''];
}

/**
 * @param {string} section
 * @param {string | undefined} id
 * @returns {View}
 */
function createView(section, id) {
  if (section === 'keys') return new KeysView();
  if (section === 'server') return new ServerView(data);
  if (id) return new RoomView(data, { links, onAir }, id);
  return new RoomsView(data, links);
}

function closeView() {
  // A question goes with what it is about.
  byId('confirm').close();
  view?.close?.();
  view = null;
}

/** @param {ServerEvent} event */
function onEvent(event) {
  data.apply(event, performance.now() / 1000);
  view?.onEvent?.(event);
  view?.update?.();
  drawWarnings();
}

function drawWarnings() {
  const count = data.server?.warnings.length ?? 0;
  const badge = byId('warnings');
  badge.hidden = count === 0;
  badge.title = plural(count, 'warning');
  setText(byId('warning-count'), count);
  setText(byId('warning-words'), plural(count, 'warning'));
}

/**
 * @param {LinkState} state
 * @param {RequestError | null} refusal
 */
function onState(state, refusal) {
  const pill = byId('link-state');
  setText(pill, LINK_STATES[state]);
  pill.dataset.state = state;
  const before = outage;
  outage = state === 'lost' ? describeOutage(refusal) : null;
  // What is the same is not read out again.
  if (before?.title !== outage?.title) notify(outage);
}

/** @param {RequestError | null} refusal */
function describeOutage(refusal) {
  if (!refusal || refusal.code === 'unreachable') return LOST;
  const text = `The server said: ${refusal.message}. This page tries again by itself.`;
  return { title: refusal.words.title, text };
}
