// Before any service is involved: do the fake microphones say what we think, and can we tell people apart after Chromium's echo canceller,
// noise suppression, gain control and Opus? When these fail, failures of the meetings mean nothing.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { envelopeOf, whose } from './envelope.mjs';
import { Person } from './person.mjs';
import { cast } from './speech.mjs';

const PAGE = '<!doctype html><html data-ready="true"><meta charset="utf-8"><title>microphone</title></html>';
let folder, server, base;
const people = {}, sources = {};

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'unavoce-harness-'));
  server = createServer((_, answer) => answer.setHeader('Content-Type', 'text/html').end(PAGE)).listen(0, '127.0.0.1');
  await new Promise((ready) => server.once('listening', ready));
  base = `http://127.0.0.1:${server.address().port}`;
  for (const id of Object.keys(cast)) {
    people[id] = await Person.enter(id, folder);
    sources[id] = await envelopeOf(people[id].wav);
  }
}, { timeout: 120000 });

after(async () => {
  await Promise.all(Object.values(people).map((person) => person.close()));
  server?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Records microphone and camera in the page itself for a while; the path of the WebM file. */
async function record_in_page(person, duration_ms) {
  await person.open(base);
  const base64 = await person.page.evaluate(async (ms) => {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: { ideal: 640 }, height: { ideal: 360 } } });
    const recorder = new MediaRecorder(stream, { mimeType: 'video/webm;codecs=vp8,opus' });
    const parts = [];
    recorder.ondataavailable = (part) => parts.push(part.data);
    recorder.start();
    await new Promise((wake) => setTimeout(wake, ms));
    await new Promise((done) => { recorder.onstop = done; recorder.stop(); });
    const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
    let text = '';
    for (const byte of bytes) text += String.fromCharCode(byte);
    return btoa(text);
  }, duration_ms);
  const path = join(folder, `${person.id}.page.webm`);
  await writeFile(path, Buffer.from(base64, 'base64'));
  return path;
}

test('three browsers at once: each microphone says its own text and clearly no other', { timeout: 120000 }, async (t) => {
  const files = await Promise.all(Object.values(people).map(async (person) => [person.id, await record_in_page(person, 8000)]));
  for (const [id, file] of files) {
    const found = whose(await envelopeOf(file), sources);
    t.diagnostic(`${id}: own ${found.own.toFixed(3)}, next ${found.next.toFixed(3)}`);
    assert.equal(found.id, id);
    assert.ok(found.clear, JSON.stringify(found.scores));
  }
});
