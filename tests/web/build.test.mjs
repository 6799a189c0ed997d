// What is built: typed strictly, complete, the same every time, with nothing inline and nobody else asked.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const web = new URL('../../web/', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'unavoce-build-'));
test.after(() => rmSync(folder, { recursive: true }));
const build = (name) => { execFileSync('node', [join(web, 'build.mjs'), '--out', join(folder, name)]); return join(folder, name); };

test('TypeScript finds nothing, in its strict mode', () => {
  execFileSync('node', [join(web, 'node_modules/typescript/bin/tsc'), '--noEmit', '-p', web], { stdio: 'pipe' });
});

test('two builds are equal, byte for byte, and their manifest names every file', () => {
  const [a, b] = [build('a'), build('b')];
  assert.equal(readFileSync(join(a, 'manifest-sha256.txt'), 'utf8'), readFileSync(join(b, 'manifest-sha256.txt'), 'utf8'));
  const listed = readFileSync(join(a, 'manifest-sha256.txt'), 'utf8').trim().split('\n').map((line) => line.split('  '));
  assert.deepEqual(listed.map(([, name]) => name).sort(), [...readdirSync(a).filter((name) => name.endsWith('.html')), ...readdirSync(join(a, 'assets')).map((name) => `assets/${name}`)].sort());
  for (const [digest, name] of listed) assert.equal(createHash('sha256').update(readFileSync(join(a, name))).digest('hex'), digest, name);
});

test('no page holds inline script or style or names another host', () => {
  const out = build('c');
  for (const name of readdirSync(out).filter((file) => file.endsWith('.html'))) {
    const html = readFileSync(join(out, name), 'utf8');
    assert.doesNotMatch(html, /<style|\sstyle=|\son\w+=|javascript:/, name);
    for (const [, address] of html.matchAll(/(?:src|href)="([^"]*)"/g)) assert.match(address, /^\/assets\//, name);
    for (const [script] of html.matchAll(/<script[^>]*>[^<]*<\/script>/g)) assert.match(script, /^<script type="module" src="\/assets\/\w+\.js"><\/script>$/, name);
  }
  assert.doesNotMatch(readFileSync(join(out, 'assets/style.css'), 'utf8'), /url\(|@import/);
});

test('every word exists in both languages, with the same values in it', async () => {
  const { load } = await import('./bundle.mjs');
  const { TEXTS } = await load('web/src/i18n/texts/index.ts');
  for (const [key, [en, de]] of Object.entries(TEXTS)) {
    assert.ok(en.trim() !== '' && de.trim() !== '', key);
    const values = (words) => [...words.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
    assert.deepEqual(values(de), values(en), key);
  }
});

/** The words that a C++ function `name_of(enumeration)` returns. */
function wordsOf(file, enumeration) {
  const source = readFileSync(new URL(`../../consent/${file}`, import.meta.url), 'utf8');
  const [body] = source.split(`name_of(${enumeration} `)[1].split('\n}\n');
  return [...body.matchAll(/case .*\n\s*return "(\w+)"/g)].map(([, word]) => word);
}

test('every reason that a closed gate can have is said in both languages, and no other', async () => {
  const { load } = await import('./bundle.mjs');
  const { TEXTS } = await load('web/src/i18n/texts/index.ts');
  const closed = wordsOf('meeting.cpp', 'ClosedReason');
  const ended = wordsOf('statement_names.cpp', 'EndReason');
  assert.ok(closed.includes('no_host') && ended.includes('late_join'), 'the words were found');
  for (const word of [...closed, ...ended]) assert.ok(TEXTS[`reason_${word}`]?.every((text) => text.trim() !== ''), word);
  const said = Object.keys(TEXTS).filter((key) => key.startsWith('reason_') && !/^reason_(and_)?(waiting_for|counts)$/.test(key)).map((key) => key.slice(7));
  assert.deepEqual(said.sort(), [...new Set([...closed, ...ended])].sort());
  const documented = readFileSync(new URL('../../docs/API.md', import.meta.url), 'utf8');
  for (const word of [...closed, ...ended]) assert.ok(documented.includes(`\`${word}\``), `docs/API.md says ${word}`);
});

test('every refusal that people can meet has its own words', async () => {
  const { load } = await import('./bundle.mjs');
  const { TEXTS } = await load('web/src/i18n/texts/index.ts');
  const server = new URL('../../server/', import.meta.url);
  const coded = readdirSync(server).filter((name) => name.endsWith('.cpp')).flatMap((name) => [...readFileSync(new URL(name, server), 'utf8').matchAll(/Error\(Errc::\w+,[^;]*?"([a-z]+(?:_[a-z]+)+)"\)/g)].map(([, word]) => word));
  assert.ok(coded.includes('room_full') && coded.includes('proof_follows'), 'the codes were found');
  // what only a program that breaks the protocol gets to see
  const protocol = ['join_first', 'joined_already', 'range_not_satisfiable', 'unsupported_media_type', 'method_not_allowed', 'precondition_failed', 'precondition_required'];
  const general = ['gone', 'conflict', 'ledger_falsified', 'storage', 'too_large', 'not_permitted', 'not_found', 'unauthorised', 'unavailable', 'rate_limited'];
  for (const code of [...coded, ...general]) if (!protocol.includes(code)) assert.ok(TEXTS[`problem_${code}`], code);
});
