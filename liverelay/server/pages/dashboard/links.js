/** Tokens, and links that are ready to be sent to people. */

import { linkTo } from '../shared/page.js';
import { attempt, copyButton, say } from './actions.js';
import { request } from './api.js';
import { card, h } from './dom.js';

/** @typedef {{ label: string, href: string, token: string }} Link */

const HOUR = 3600;

/** @type {[string, number][]} */
const LIFETIMES = [
  ['1 hour', HOUR],
  ['24 hours', 24 * HOUR],
  ['7 days', 7 * 24 * HOUR],
  ['30 days', 30 * 24 * HOUR],
];

/** @type {Record<string, [string, string][]>} Roles by type of room, the most wanted first. */
const PURPOSES = {
  broadcast: [
    ['Watch', 'subscribe'],
    ['Publish', 'publish'],
  ],
  call: [
    ['Call', 'call'],
    ['Watch', 'subscribe'],
  ],
};

const DEFAULT_LIFETIME = 24 * HOUR;

/** The links made in this page, by room. They are here only: the server keeps no tokens. */
export class Links {
  /** @type {Map<string, Link[]>} */
  #rooms = new Map();

  /**
   * @param {string} roomId
   * @returns {readonly Link[]}
   */
  of(roomId) {
    return this.#rooms.get(roomId) ?? [];
  }

  /**
   * @param {string} roomId
   * @param {Link} link
   */
  add(roomId, link) {
    this.#rooms.set(roomId, [link, ...this.of(roomId)]);
  }

  /**
   * Keeps the links of a room that was just made.
   *
   * @param {string} roomId
   * @param {Record<string, string>} tokens As `POST /v1/rooms` answers.
   */
  addNewRoom(roomId, { publish, subscribe, caller, callee }) {
    if (publish) {
      this.add(roomId, watchLink(subscribe));
      this.add(roomId, publishLink(publish, subscribe));
    } else {
      this.add(roomId, callLink(callee, 'Call: the other side'));
      const href = linkTo('call.html', { token: caller, invite: callee });
      this.add(roomId, { label: 'Call: your side', token: caller, href });
    }
  }

  clear() {
    this.#rooms.clear();
  }
}

/**
 * @param {string} token
 * @param {string} watch The token of the viewers whom the publisher may invite.
 * @returns {Link}
 */
function publishLink(token, watch) {
  return { label: 'Publish', token, href: linkTo('publish.html', { token, watch }) };
}

/** @param {string} token */
function watchLink(token) {
  return { label: 'Watch', token, href: linkTo('watch.html', { token }) };
}

/**
 * @param {string} token
 * @param {string} [label]
 */
function callLink(token, label = 'Call') {
  return { label, token, href: linkTo('call.html', { token }) };
}

/**
 * @param {string} roomId
 * @param {string} role
 * @param {number} lifetime Seconds.
 * @returns {Promise<string>}
 */
export async function createToken(roomId, role, lifetime) {
  const { token } = await request('POST', `v1/rooms/${roomId}/token`, { role, ttl_secs: lifetime });
  return token;
}

/**
 * @param {string} roomId
 * @param {string} role
 * @param {number} lifetime
 */
async function createLink(roomId, role, lifetime) {
  const token = await createToken(roomId, role, lifetime);
  if (role === 'call') return callLink(token);
  if (role === 'subscribe') return watchLink(token);
  return publishLink(token, await createToken(roomId, 'subscribe', lifetime));
}

/** The card of a room where its links are made and copied. */
export class LinksCard {
  #room;
  #links;
  #rows = h('ul', { class: 'links', 'aria-label': 'Links made here' });

  /**
   * @param {{ room_id: string, room_type: string }} room
   * @param {Links} links
   */
  constructor(room, links) {
    this.#room = room;
    this.#links = links;
    this.element = card(
      'Links and tokens',
      h(
        'p',
        { class: 'quiet small' },
        'Whoever has a link can use it, so share it with the people it is for.',
      ),
      this.#form(),
      this.#rows,
    );
    this.#draw();
  }

  #form() {
    const { room_id: roomId, room_type: type } = this.#room;
    const role = select('link-role', PURPOSES[type], PURPOSES[type][0][1]);
    const lifetime = select('link-lifetime', LIFETIMES, DEFAULT_LIFETIME);
    const create = h('button', { class: 'button', type: 'submit' }, 'Create link');
    const onsubmit = (/** @type {Event} */ event) => {
      event.preventDefault();
      attempt(create, async () => {
        this.#links.add(roomId, await createLink(roomId, role.value, Number(lifetime.value)));
        this.#draw();
        this.#rows.querySelector('button').focus();
        say('The link is ready');
      });
    };
    const fields = [field('What for', role), field('Works for', lifetime)];
    return h('form', { class: 'row bottom', onsubmit }, ...fields, create);
  }

  #draw() {
    this.#rows.replaceChildren(...this.#links.of(this.#room.room_id).map(createRow));
  }
}

/**
 * @param {string} id
 * @param {[string, string | number][]} options
 * @param {string | number} chosen
 * @returns {HTMLSelectElement}
 */
function select(id, options, chosen) {
  const all = options.map(([name, value]) =>
    h('option', { value, selected: value === chosen }, name),
  );
  return h('select', { id }, ...all);
}

/**
 * @param {string} label
 * @param {HTMLElement} input
 */
function field(label, input) {
  return h('div', { class: 'field narrow' }, h('label', { for: input.id }, label), input);
}

const SMALL = { class: 'button small' };

/**
 * @param {Link} link
 * @param {number} index
 */
function createRow({ label, href, token }, index) {
  const input = h('input', { id: `link-${index}`, readonly: true, value: href, class: 'code' });
  const hidden = h('input', {
    readonly: true,
    value: token,
    class: 'unseen',
    tabindex: -1,
    'aria-hidden': 'true',
  });
  return h(
    'li',
    {},
    h('label', { for: input.id }, label),
    input,
    h(
      'div',
      { class: 'row tight' },
      copyButton('Copy link', input, SMALL),
      copyButton('Copy token', hidden, SMALL),
      h('a', { ...SMALL, href, target: '_blank', rel: 'noopener' }, 'Open'),
    ),
    hidden,
  );
}
