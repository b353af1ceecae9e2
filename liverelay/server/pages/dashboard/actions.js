/** What every button that asks the server for something does besides asking. */

import { byId, copyOnClick, notify } from '../shared/page.js';
import { RequestError } from './api.js';
import { button, setText } from './dom.js';

/** Dispatched on `window` when the server refuses the API key. */
export const KEY_REFUSED = 'liverelay-key-refused';

const TOAST_MS = 4000;

/**
 * Does what a button is for: it waits, and a failure is told. Returns what `act` returned, or
 * undefined after a failure.
 *
 * @template T
 * @param {HTMLButtonElement} pressed
 * @param {() => Promise<T>} act
 * @returns {Promise<T | undefined>}
 */
export async function attempt(pressed, act) {
  notify(null);
  const hadFocus = document.activeElement === pressed;
  pressed.disabled = true;
  try {
    return await act();
  } catch (error) {
    report(error);
    return undefined;
  } finally {
    pressed.disabled = false;
    // A disabled button loses the focus, and with it the place of whoever uses the keyboard.
    if (hadFocus && document.activeElement === document.body) pressed.focus();
  }
}

/** @param {unknown} error */
export function report(error) {
  if (!(error instanceof RequestError)) throw error;
  if (error.isKeyRefused) dispatchEvent(new Event(KEY_REFUSED));
  else notify(error.words);
}

/**
 * Says that something is done, for eyes and for screen readers.
 *
 * @param {string} text
 */
export function say(text) {
  const toast = byId('toast');
  setText(toast, text);
  toast.dataset.shown = '';
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => delete toast.dataset.shown, TOAST_MS);
}

/**
 * @param {string} label
 * @param {HTMLInputElement} input What it copies.
 * @param {Record<string, any>} [properties]
 */
export function copyButton(label, input, properties = {}) {
  const copy = button(label, () => undefined, properties);
  copyOnClick(copy, input);
  return copy;
}

/** Answers the question that is open with no. */
let refuse = () => {};

/**
 * Asks before something that cannot be undone.
 *
 * @param {{ title: string, text: string, action: string }} question
 * @returns {Promise<boolean>}
 */
export function confirmed({ title, text, action }) {
  const dialog = byId('confirm');
  const [yes, no] = [byId('confirm-yes'), byId('confirm-no')];
  refuse();
  setText(byId('confirm-title'), title);
  setText(byId('confirm-text'), text);
  setText(yes, action);
  return new Promise((resolve) => {
    refuse = () => resolve(false);
    yes.onclick = () => {
      resolve(true);
      dialog.close();
    };
    no.onclick = () => dialog.close();
    // The event comes a moment after the dialog has closed, when another question may be open.
    dialog.onclose = () => {
      if (!dialog.open) refuse();
    };
    dialog.showModal();
  });
}
