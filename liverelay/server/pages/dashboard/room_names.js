/** What rooms, peers and tokens are called on the page. */

import { formatDuration } from './format.js';

/** @type {Record<string, string>} */
const TYPES = { broadcast: 'Broadcast', call: 'Call' };

/** @type {Record<string, string>} */
export const TYPE_HINTS = {
  broadcast: 'One publisher, any number of viewers',
  call: 'Two peers, both ways',
};

/** @type {Record<string, string>} */
export const ROLES = { publish: 'Publisher', subscribe: 'Viewer', call: 'Caller' };

/** @param {{ room_id: string, room_type: string }} room */
export function roomName({ room_id: id, room_type: type }) {
  return `${TYPES[type]} ${shortId(id)}`;
}

/**
 * Enough of an id to tell it from the others on the page.
 *
 * @param {string} id
 */
export function shortId(id) {
  return id.slice(0, 8);
}

/**
 * For how long a room has been live, or that it is waiting.
 *
 * @param {import('./live_data.js').Room} room
 * @param {number} now
 */
export function describeAge(room, now) {
  const { live_secs: live } = room.state;
  if (live != null) return `live for ${formatDuration(live)}`;
  return `made ${formatDuration(room.age(now))} ago`;
}

/** @param {string} roomId */
export function roomLink(roomId) {
  return `#/rooms/${roomId}`;
}
