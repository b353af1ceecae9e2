/** The API keys: make one, see them all, revoke one. */

import { byId } from '../shared/page.js';
import { attempt, confirmed, copyButton, KEY_REFUSED, report, say } from './actions.js';
import { apiKey, request } from './api.js';
import { button, h, KeyedList, setText } from './dom.js';

/** @typedef {{ key_id: string, name: string, created_at_utc: string }} KeyRecord */

/** @param {KeyRecord} key */
const keyIdOf = (key) => key.key_id;

const DATE = new Intl.DateTimeFormat('en', { dateStyle: 'medium' });

const REVOKED =
  'Every token made with it stops working, and the sessions of those tokens end at once.';

export class KeysView {
  title = 'API keys';
  #created = h('div', { 'aria-live': 'polite' });
  #rows = h('ul', { class: 'list card' });
  #list = new KeyedList(this.#rows, keyIdOf, (key) => this.#createRow(key));

  constructor() {
    this.element = h(
      'div',
      {},
      h('h1', {}, 'API keys'),
      h(
        'p',
        { class: 'lead' },
        'With a key, a backend makes rooms and tokens, and a person logs in here. Give each its own.',
      ),
      this.#form(),
      this.#created,
      h('h2', {}, 'Keys in use'),
      this.#rows,
    );
    this.#load().catch(report);
  }

  /** @param {import('./event_stream.js').ServerEvent} event */
  onEvent({ type }) {
    // It comes after a lost connection: who knows what has happened meanwhile.
    if (type === 'snapshot') this.#load().catch(report);
  }

  async #load() {
    this.#list.update(await request('GET', 'v1/keys'));
  }

  #form() {
    const name = h('input', {
      id: 'key-name',
      required: true,
      maxlength: 200,
      placeholder: 'my-app',
    });
    const create = h('button', { class: 'button primary', type: 'submit' }, 'Create key');
    const onsubmit = (/** @type {Event} */ event) => {
      event.preventDefault();
      attempt(create, async () => {
        this.#showCreated(await request('POST', 'v1/keys', { name: name.value.trim() }));
        name.value = '';
        await this.#load();
      });
    };
    return h(
      'form',
      { class: 'card', onsubmit },
      h('label', { for: 'key-name' }, 'What is the new key for?'),
      h('div', { class: 'row' }, h('div', { class: 'field' }, name), create),
    );
  }

  /** @param {{ key: string, name: string }} created */
  #showCreated({ key, name }) {
    const input = h('input', { id: 'created-key', readonly: true, class: 'code', value: key });
    const copy = copyButton('Copy key', input);
    this.#created.replaceChildren(
      h(
        'section',
        { class: 'card good' },
        h('h2', {}, `The key “${name}” is ready`),
        h('p', {}, 'Copy it now: it is shown this once. The server keeps only its digest.'),
        h('label', { for: 'created-key' }, 'New API key'),
        h('div', { class: 'row' }, h('div', { class: 'field' }, input), copy),
      ),
    );
    copy.focus();
  }

  /** @param {KeyRecord} key */
  #createRow(key) {
    const name = h('strong');
    const revoke = button('Revoke', () => this.#revoke(key, revoke), {
      'aria-label': `Revoke ${key.name} (${key.key_id})`,
    });
    const isOwn = key.key_id === apiKey.keyId;
    const created = DATE.format(new Date(key.created_at_utc));
    const element = h(
      'li',
      { class: 'row apart together' },
      h(
        'div',
        {},
        h(
          'div',
          { class: 'row tight' },
          name,
          isOwn && h('span', { class: 'tag' }, 'You use it here'),
        ),
        h(
          'span',
          { class: 'quiet small' },
          h('code', {}, `${key.key_id}…`),
          ` · created ${created}`,
        ),
      ),
      revoke,
    );
    return { element, update: (/** @type {KeyRecord} */ now) => setText(name, now.name) };
  }

  /**
   * @param {KeyRecord} key
   * @param {HTMLButtonElement} pressed
   */
  async #revoke({ key_id: keyId, name }, pressed) {
    const isOwn = keyId === apiKey.keyId;
    const text = isOwn ? `${REVOKED} You are logged out: this is the key you use here.` : REVOKED;
    if (!(await confirmed({ title: `Revoke “${name}”?`, text, action: 'Revoke key' }))) return;
    await attempt(pressed, async () => {
      await request('DELETE', `v1/keys/${keyId}`);
      if (isOwn) return dispatchEvent(new Event(KEY_REFUSED));
      say(`“${name}” is revoked`);
      byId('key-name').focus();
      return this.#load();
    });
  }
}
