import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import vm from 'node:vm';

test('the classic script sets two globals and no others', () => {
  const script = readFileSync(new URL('../liverelay.js', import.meta.url), 'utf8');
  const page = vm.createContext({ EventTarget, URL });

  vm.runInContext(script, page);

  assert.deepEqual(Object.keys(page).sort(), ['EventTarget', 'LiveRelay', 'LiveRelayError', 'URL']);
  assert.equal(page.LiveRelay.VERSION, '0.2.0');
  assert.equal(new page.LiveRelayError('x', { code: 'TIMEOUT' }).code, 'TIMEOUT');
});
