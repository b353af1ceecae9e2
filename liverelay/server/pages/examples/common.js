/** What all example pages share: their links, and how it stands. */

import { byId } from '../shared/page.js';

/** What the link that opened this page carries behind its `#`. */
export function linkParameters() {
  // Another link of the same page, pasted into the same tab, would otherwise change nothing.
  addEventListener('hashchange', () => location.reload());
  return Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
}

export function setStatus(text, tone) {
  const status = byId('status');
  // Screen readers read out each change of a `status`, and would do so for every second of a clock.
  status.setAttribute('role', tone === 'live' ? 'timer' : 'status');
  if (status.textContent !== text) status.textContent = text;
  if (tone) status.dataset.tone = tone;
  else delete status.dataset.tone;
}

export const NO_LINK = {
  title: 'This link is not complete',
  text: 'Its last part, behind the #, is missing. Copy the whole link again, or ask for a new one.',
};
