// The search, and a button to copy each piece of code. Without it the pages can be read as well.

const MOST_RESULTS = 12;
const QUOTED = 120;

const form = document.getElementById('search');
const input = document.getElementById('words');
const found = document.getElementById('found');
const { root } = form.dataset;

form.hidden = false;
form.addEventListener('submit', (event) => {
  event.preventDefault();
  found.querySelector('a')?.click();
});

/** The sections of all pages, fetched when somebody begins to search. */
let index;

function loadIndex() {
  index ??= fetch(`${root}search.json`).then((answer) => {
    if (!answer.ok) throw new Error(`The server answered ${answer.status}`);
    return answer.json();
  });
  return index;
}

/** How well a section fits: 0 if a word is missing, more where its headings have the words. */
function score({ page, heading, text }, words) {
  let total = 0;
  for (const word of words) {
    if (heading.toLowerCase().includes(word)) total += 10;
    else if (page.toLowerCase().includes(word)) total += 3;
    else if (text.toLowerCase().includes(word)) total += 1;
    else return 0;
  }
  return total;
}

function quote(text, words) {
  const places = words.map((word) => text.toLowerCase().indexOf(word)).filter((at) => at >= 0);
  const from = Math.max(0, Math.min(...places, text.length) - QUOTED / 3);
  const start = places.length === 0 ? 0 : from;
  return `${start > 0 ? '…' : ''}${text.slice(start, start + QUOTED)}${text.length > start + QUOTED ? '…' : ''}`;
}

function resultOf(section, words) {
  const link = document.createElement('a');
  link.href = root + section.url;
  const heading = document.createElement('strong');
  heading.textContent = section.heading;
  link.append(heading);
  if (section.page !== section.heading) {
    const page = document.createElement('small');
    page.textContent = ` ${section.page}`;
    link.append(page);
  }
  const text = document.createElement('p');
  text.textContent = quote(section.text, words);
  link.append(text);
  link.addEventListener('click', close);
  return link;
}

function say(sentence) {
  const line = document.createElement('p');
  line.textContent = sentence;
  found.replaceChildren(line);
}

async function search() {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  found.hidden = words.length === 0;
  if (found.hidden) return;
  let sections;
  try {
    sections = await loadIndex();
  } catch (error) {
    index = undefined;
    say(`The search does not work: ${error.message}`);
    return;
  }
  const results = sections
    .map((section) => ({ section, points: score(section, words) }))
    .filter(({ points }) => points > 0)
    .sort((one, other) => other.points - one.points)
    .slice(0, MOST_RESULTS);
  if (results.length === 0) say('Nothing found.');
  else found.replaceChildren(...results.map(({ section }) => resultOf(section, words)));
}

function close() {
  found.hidden = true;
}

input.addEventListener('focus', () => loadIndex().catch(() => (index = undefined)), { once: true });
input.addEventListener('input', search);
form.addEventListener('keydown', (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (event.key === 'Escape') close();
  if (step === undefined || found.hidden) return;
  event.preventDefault();
  const stops = [input, ...found.querySelectorAll('a')];
  const next = stops.indexOf(document.activeElement) + step;
  stops[Math.min(Math.max(next, 0), stops.length - 1)].focus();
});
document.addEventListener('click', (event) => {
  if (!form.contains(event.target)) close();
});
document.addEventListener('keydown', (event) => {
  const typing = event.target.closest?.('input, textarea, select');
  if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  input.focus();
});

// Only pages that came by https, or from localhost, may use the clipboard.
if (navigator.clipboard) {
  for (const block of document.querySelectorAll('pre')) {
    const frame = document.createElement('div');
    frame.className = 'code';
    block.replaceWith(frame);
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'copy';
    button.textContent = 'Copy';
    button.addEventListener('click', async () => {
      await navigator.clipboard.writeText(block.textContent);
      button.textContent = 'Copied';
      setTimeout(() => (button.textContent = 'Copy'), 1500);
    });
    frame.append(block, button);
  }
}
