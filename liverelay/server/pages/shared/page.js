/** What all pages share: the server's address, links, messages, copying. */

/** The pages are served below the server's address, wherever a proxy may have put that. */
export const SERVER = new URL('..', document.baseURI).href;

/**
 * @param {string} id
 * @returns {any} The element; its type is the caller's business.
 */
export const byId = (id) => document.getElementById(id);

/**
 * A link to an example page, with what the page needs behind the `#`: that part is never sent to
 * the server and never in its log.
 *
 * @param {string} page Such as `watch.html`.
 * @param {Record<string, string>} parameters
 */
export function linkTo(page, parameters) {
  const url = new URL(`examples/${page}`, SERVER);
  url.hash = new URLSearchParams(parameters).toString();
  return url.href;
}

/**
 * Shows a message above the page's content, or none.
 *
 * @param {{ title: string, text: string } | null} message
 */
export function notify(message) {
  const notice = byId('notice');
  notice.hidden = !message;
  if (!message) return;
  const title = document.createElement('strong');
  title.textContent = message.title;
  notice.replaceChildren(title, message.text);
}

/**
 * Whoever pressed a button that is gone now goes on at the next one, by keyboard as well.
 *
 * @param {HTMLElement} next
 */
export function keepFocus(next) {
  const current = /** @type {any} */ (document.activeElement);
  if (!current?.offsetParent || current.disabled) next.focus();
}

/**
 * @param {HTMLButtonElement} button
 * @param {HTMLInputElement} input
 */
export function copyOnClick(button, input) {
  input.addEventListener('focus', () => input.select());
  button.addEventListener('click', async () => {
    input.select();
    const copied = await copy(input.value);
    const label = button.textContent;
    button.textContent = copied ? 'Copied' : 'Press Ctrl+C';
    setTimeout(() => (button.textContent = label), 2000);
  });
}

/** @param {string} text */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Plain http has no clipboard. What is selected can still be copied the old way.
    return document.execCommand('copy');
  }
}
