/** What went wrong, in words for whoever sits before the page. */

/** @typedef {{ title: string, text: string }} Message */

/** @type {Record<string, [string, string]>} */
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

/**
 * An SDK error in plain words.
 *
 * @param {any} error
 * @param {{ full?: string }} [words]
 * @returns {Message}
 */
export function explain(error, { full = 'Someone else is here already.' } = {}) {
  if (!(error instanceof globalThis.LiveRelayError)) throw error;
  const [title, text] = WORDS[error.code] ?? [];
  if (title && text) return { title, text };
  if (error.code === 'MEDIA_ERROR')
    return { title: 'No camera or microphone', text: error.message };
  if (error.code === 'ROOM_FULL') return { title: 'The room is full', text: full };
  if (error.httpStatus === 503 || error.httpStatus === 429) {
    return { title: 'The server is busy', text: 'Wait a moment, then try again.' };
  }
  return { title: 'That did not work', text: `The server said: ${error.message}` };
}
