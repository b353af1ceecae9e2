/** Building and updating elements. Text is always set as text: nothing here parses HTML. */

/** @typedef {Node | string | null | false} Child */

const SVG = 'http://www.w3.org/2000/svg';

/**
 * An element of HTML.
 *
 * @param {string} tag
 * @param {Record<string, any>} [properties] `on…` are listeners; the others are attributes, and
 *   null, undefined and false leave theirs out.
 * @param {...Child} children Null and false are left out.
 * @returns {any}
 */
export function h(tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children);
}

/**
 * An element of SVG.
 *
 * @param {string} tag
 * @param {Record<string, any>} [properties]
 * @param {...Child} children
 * @returns {any}
 */
export function svg(tag, properties = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), properties, children);
}

/**
 * @param {string} label
 * @param {() => void} onclick
 * @param {Record<string, any>} [properties]
 * @returns {HTMLButtonElement}
 */
export function button(label, onclick, properties = {}) {
  return h('button', { class: 'button', type: 'button', onclick, ...properties }, label);
}

/**
 * A part of the page with a heading.
 *
 * @param {string} title
 * @param {...Child} children
 * @returns {HTMLElement}
 */
export function card(title, ...children) {
  return h('section', { class: 'card', 'aria-label': title }, h('h2', {}, title), ...children);
}

/**
 * @param {Element} element
 * @param {Record<string, any>} properties
 * @param {Child[]} children
 */
function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value != null && value !== false) element.setAttribute(name, String(value));
  }
  for (const child of children) {
    if (child) element.append(child);
  }
  return element;
}

/**
 * Changes the text of an element if it is another: what is the same stays selected, and is not
 * read out again.
 *
 * @param {Element} element
 * @param {string | number} text
 */
export function setText(element, text) {
  const wanted = String(text);
  if (element.textContent !== wanted) element.textContent = wanted;
}

/**
 * @template T
 * @typedef {{ element: HTMLElement, update: (item: T) => void }} Part
 */

/**
 * Keeps one child for each item, in the order of the items. A child lives as long as its item, so
 * neither the focus nor a screen reader loses its place when the numbers change.
 *
 * @template T
 */
export class KeyedList {
  /** @type {Map<string, Part<T>>} */
  #parts = new Map();
  #parent;
  #keyOf;
  #create;

  /**
   * @param {HTMLElement} parent
   * @param {(item: T) => string} keyOf
   * @param {(item: T) => Part<T>} create
   */
  constructor(parent, keyOf, create) {
    this.#parent = parent;
    this.#keyOf = keyOf;
    this.#create = create;
  }

  /** @param {T[]} items */
  update(items) {
    const keys = new Set(items.map(this.#keyOf));
    for (const [key, { element }] of this.#parts) {
      if (keys.has(key)) continue;
      element.remove();
      this.#parts.delete(key);
    }
    items.forEach((item, index) => {
      const part = this.#part(item);
      part.update(item);
      const there = this.#parent.children[index] ?? null;
      if (there !== part.element) this.#parent.insertBefore(part.element, there);
    });
  }

  /** @param {T} item */
  #part(item) {
    const key = this.#keyOf(item);
    const part = this.#parts.get(key) ?? this.#create(item);
    this.#parts.set(key, part);
    return part;
  }
}
