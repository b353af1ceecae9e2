/** The start page: from the API key to links that can be sent to people. */

import { byId, copyOnClick, linkTo, notify, SERVER } from './common.js';

const KINDS = {
  broadcast: {
    title: 'Live stream',
    open: 'Open the studio',
    explanation: 'You go live in the studio; everyone with the link below can watch.',
    shareLabel: 'Link for viewers',
    openLink: ({ publish, subscribe }) => linkTo('publish.html', { token: publish, watch: subscribe }),
    shareLink: ({ subscribe }) => linkTo('watch.html', { token: subscribe }),
  },
  call: {
    title: 'Video call',
    open: 'Open your side',
    explanation: 'One link is yours, the other is for the person you call.',
    shareLabel: 'Link for the other person',
    openLink: ({ caller, callee }) => linkTo('call.html', { token: caller, invite: callee }),
    shareLink: ({ callee }) => linkTo('call.html', { token: callee }),
  },
};

/** For this tab only, and never in an address. */
const memory = {
  get key() {
    return sessionStorage.getItem('liverelay-key');
  },
  set key(key) {
    if (key) sessionStorage.setItem('liverelay-key', key);
    else sessionStorage.clear();
  },
  get rooms() {
    return JSON.parse(sessionStorage.getItem('liverelay-rooms') ?? '[]');
  },
  set rooms(rooms) {
    sessionStorage.setItem('liverelay-rooms', JSON.stringify(rooms));
  },
};

byId('key-form').addEventListener('submit', useKey);
byId('forget').addEventListener('click', () => {
  memory.key = null;
  draw();
});
for (const button of document.querySelectorAll('[data-room-type]')) {
  button.addEventListener('click', () => createRoom(button));
}
draw();

async function useKey(event) {
  event.preventDefault();
  const key = byId('key').value.trim();
  const rooms = await request('GET', 'v1/rooms', { key });
  if (!rooms) return;
  memory.key = key;
  byId('key').value = '';
  draw();
}

async function createRoom(button) {
  button.disabled = true;
  const room = await request('POST', 'v1/rooms', { body: { room_type: button.dataset.roomType } });
  button.disabled = false;
  if (!room) return;
  memory.rooms = [room, ...memory.rooms];
  draw();
  byId('rooms').querySelector('[data-open]').focus();
}

async function deleteRoom(room) {
  if (!confirm('Delete this room? Everyone in it is disconnected, and its links stop working.')) return;
  const done = await request('DELETE', `v1/rooms/${room.id}`, { missingIsFine: true });
  if (!done) return;
  memory.rooms = memory.rooms.filter(({ id }) => id !== room.id);
  draw();
}

/** The answer's body, or null after a message that says what went wrong. */
async function request(method, path, { key = memory.key, body, missingIsFine = false } = {}) {
  notify(null);
  let response;
  try {
    response = await fetch(new URL(path, SERVER), {
      method,
      headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
      body: body && JSON.stringify(body),
    });
  } catch {
    notify({ title: 'The server cannot be reached', text: 'Is it running? Check, then try again.' });
    return null;
  }
  if (response.status === 204 || (missingIsFine && response.status === 404)) return {};
  const answer = await response.json().catch(() => null);
  if (response.ok) return answer;
  if (response.status === 401) refuseKey();
  else notify({ title: 'That did not work', text: answer?.message ?? `Status ${response.status}` });
  return null;
}

function refuseKey() {
  memory.key = null;
  draw();
  byId('key').focus();
  notify({
    title: 'The server does not know this API key',
    text: 'A key is lr_ and 32 characters. Copy the whole of it from the log, without spaces.',
  });
}

function draw() {
  const known = Boolean(memory.key);
  byId('key-form').hidden = known;
  byId('choices').hidden = !known;
  const rooms = known ? memory.rooms : [];
  byId('no-rooms').hidden = rooms.length > 0;
  byId('rooms').replaceChildren(...rooms.map(drawRoom));
}

function drawRoom(room) {
  const kind = KINDS[room.type];
  const card = byId('room-template').content.cloneNode(true);
  const part = (name) => card.querySelector(`[data-${name}]`);
  part('title').textContent = `${kind.title} ${room.id.slice(0, 4)}`;
  part('explanation').textContent = kind.explanation;
  part('open').textContent = kind.open;
  part('open').href = kind.openLink(room.tokens);
  part('share-label').textContent = kind.shareLabel;
  part('share-label').htmlFor = part('share').id = `share-${room.id}`;
  part('share').value = kind.shareLink(room.tokens);
  copyOnClick(part('copy'), part('share'));
  part('delete').addEventListener('click', () => deleteRoom(room));
  return card;
}
