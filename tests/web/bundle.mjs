// Bundles TypeScript of the pages (or of these tests) so that Node's test runner can import it.
import { createRequire } from 'node:module';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { webcrypto } from 'node:crypto';

const root = new URL('../../', import.meta.url).pathname;
const web = new URL('../../web/', import.meta.url).pathname;
const { build } = createRequire(join(web, 'package.json'))('esbuild');
globalThis.crypto ??= webcrypto; // Node 18 has it behind a flag
globalThis.localStorage ??= { getItem: () => null, setItem() {}, removeItem() {} };
globalThis.location ??= new URL('http://localhost/');

/** Imports a TypeScript module, given relative to the root of the repository. */
export async function load(module) {
  const modules = join(root, 'tests/node_modules'); // next to what the bundle imports from npm
  const folder = mkdtempSync(join(modules, '.web-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const outfile = join(folder, 'module.mjs');
  await build({ entryPoints: [join(root, module)], outfile, bundle: true, format: 'esm', platform: 'node', target: 'node18', logLevel: 'warning', nodePaths: [join(web, 'node_modules')], external: ['ws'] });
  return import(pathToFileURL(outfile));
}

/** Builds all pages into a fresh folder and returns it. */
export async function pages() {
  const folder = mkdtempSync(join(tmpdir(), 'unavoce-pages-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  process.argv.push('--out', folder);
  await import('../../web/build.mjs');
  return folder;
}
