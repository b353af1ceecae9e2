/** A field that finds what a long list has. */

import { h } from './dom.js';

/** A list is read; from so many entries on, it is searched. */
const MANY = 10;

export class Search {
  #input;

  /**
   * @param {string} label
   * @param {string} hint
   * @param {() => void} onInput
   */
  constructor(label, hint, onInput) {
    const id = label.toLowerCase().replaceAll(' ', '-');
    this.#input = h('input', {
      id,
      type: 'search',
      placeholder: hint,
      autocomplete: 'off',
      spellcheck: 'false',
      oninput: onInput,
    });
    this.element = h(
      'div',
      { class: 'find', hidden: true },
      h('label', { for: id }, label),
      this.#input,
    );
  }

  /**
   * The items whose text has what was typed in it; all, and no field, if they are few.
   *
   * @template T
   * @param {T[]} items
   * @param {(item: T) => string} textOf
   */
  choose(items, textOf) {
    this.element.hidden = items.length <= MANY;
    if (this.element.hidden) return items;
    const wanted = this.#input.value.trim().toLowerCase();
    return items.filter((item) => textOf(item).toLowerCase().includes(wanted));
  }
}
