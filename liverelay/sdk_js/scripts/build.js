/**
 * Generates `types/` and `liverelay.js` from `src/`. With `--check`, changes nothing and fails if
 * what is committed differs from what would be generated, or if the script has grown too large.
 */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CLASSIC = 'liverelay.js';

/** Promised to the pages that load it: 10 kB on the wire. */
const MOST_GZIPPED_BYTES = 10_000;

async function generate(target) {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  rmSync(join(target, 'types'), { recursive: true, force: true });
  const tsc = join(ROOT, 'node_modules', '.bin', 'tsc');
  const types = join(target, 'types');
  const options = ['--declaration', '--emitDeclarationOnly', '--outDir', types];
  execFileSync(tsc, ['--project', ROOT, ...options], { stdio: 'inherit' });
  await build({
    absWorkingDir: ROOT,
    entryPoints: ['src/classic.js'],
    outfile: join(target, CLASSIC),
    bundle: true,
    format: 'iife',
    target: 'es2022',
    minify: true,
    banner: { js: `/*! LiveRelay SDK ${version}, MIT licence. Readable: src/ of @liverelay/sdk. */` },
    logLevel: 'warning',
  });
}

function listGenerated(directory) {
  const types = readdirSync(join(directory, 'types')).map((name) => join('types', name));
  return [CLASSIC, ...types].sort();
}

function findStale(fresh) {
  const names = new Set([...listGenerated(fresh), ...listGenerated(ROOT)]);
  return [...names].filter((name) => read(join(fresh, name)) !== read(join(ROOT, name)));
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

async function check() {
  const fresh = mkdtempSync(join(tmpdir(), 'liverelay-sdk-'));
  try {
    await generate(fresh);
    const stale = findStale(fresh);
    if (stale.length > 0) fail(`not what src/ generates (npm run build): ${stale.join(', ')}`);
  } finally {
    rmSync(fresh, { recursive: true });
  }
  const size = gzipSync(readFileSync(join(ROOT, CLASSIC)), { level: 9 }).length;
  if (size >= MOST_GZIPPED_BYTES) fail(`${CLASSIC} is ${size} bytes gzipped`);
  console.log(`generated files are fresh; ${CLASSIC} is ${size} bytes gzipped`);
}

function fail(reason) {
  console.error(reason);
  process.exitCode = 1;
}

await (process.argv.includes('--check') ? check() : generate(ROOT));
