/** What all example pages share: the server's address, links, messages, copying. */

/** The pages are served below the server's address, wherever a proxy may have put that. */
export const SERVER = new URL('..', document.baseURI).href;

export const byId = (id) => document.getElementById(id);

/**
 * What the link that opened this page carries. Behind the `#`, so that it is never sent to the
 * server and never in its log.
 */
export function linkParameters() {
  // Another link of the same page, pasted into the same tab, would otherwise change nothing.
  addEventListener('hashchange', () => location.reload());
  return Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
}

export function linkTo(page, parameters) {
  const url = new URL(page, document.baseURI);
  url.hash = new URLSearchParams(parameters).toString();
  return url.href;
}

/** Shows a message above the page's content, or none. */
export function notify(message) {
  const notice = byId('notice');
  notice.hidden = !message;
  if (!message) return;
  const title = document.createElement('strong');
  title.textContent = message.title;
  notice.replaceChildren(title, message.text);
}

export function setStatus(text, tone) {
  const status = byId('status');
  // Screen readers read out each change of a `status`, and would do so for every second of a clock.
  status.setAttribute('role', tone === 'live' ? 'timer' : 'status');
  if (status.textContent !== text) status.textContent = text;
  if (tone) status.dataset.tone = tone;
  else delete status.dataset.tone;
}

/** Whoever pressed a button that is gone now goes on at the next one, by keyboard as well. */
export function keepFocus(next) {
  const { activeElement } = document;
  if (!activeElement?.offsetParent || activeElement.disabled) next.focus();
}

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

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Plain http has no clipboard. What is selected can still be copied the old way.
    return document.execCommand('copy');
  }
}

export const NO_LINK = {
  title: 'This link is not complete',
  text: 'Its last part, behind the #, is missing. Copy the whole link again, or make a new room on the start page.',
};

const WORDS = {
  AUTH_ERROR: [
    'This link is not valid any more',
    'Links work for 24 hours, and only for what they were made for. Ask for a new one.',
  ],
  NETWORK_ERROR: ['The server cannot be reached', 'Check your connection, then try again.'],
  TIMEOUT: [
    'Connecting took too long',
    'Some office and hotel networks block video (UDP). Try again, or use another network.',
  ],
  ROOM_NOT_FOUND: ['This room is gone', 'Whoever made it has deleted it. Ask for a new link.'],
};

/** An SDK error in plain words. */
export function explain(error, { full = 'Someone else is here already.' } = {}) {
  if (!(error instanceof LiveRelayError)) throw error;
  const [title, text] = WORDS[error.code] ?? [];
  if (title) return { title, text };
  if (error.code === 'MEDIA_ERROR') return { title: 'No camera or microphone', text: error.message };
  if (error.code === 'ROOM_FULL') return { title: 'The room is full', text: full };
  if (error.httpStatus === 503 || error.httpStatus === 429) {
    return { title: 'The server is busy', text: 'Wait a moment, then try again.' };
  }
  return { title: 'That did not work', text: `The server said: ${error.message}` };
}
