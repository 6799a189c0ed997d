// A statement is sent until the service acknowledges it. What passes is no refusal: too many at once, a body that arrived too slowly,
// no connection, a service that cannot just now. Without a browser.
import test from 'node:test';
import assert from 'node:assert/strict';
import { load } from './bundle.mjs';

const { Hurry, submitUntilAcknowledged } = await load('web/src/net/submit.ts');

/** Answers with these statuses, one after the other; 0: the network fails. */
function answering(t, statuses) {
  let asked = 0;
  globalThis.fetch = async () => {
    const status = statuses[asked++];
    if (status === 0) throw new TypeError('failed to fetch');
    return { ok: status === 201, status, json: async () => (status === 201 ? { id: 'x' } : { code: 'word', status, detail: 'why' }) };
  };
  // Pauses pass at once. (Node 18 has no timers to mock.)
  t.mock.method(globalThis, 'setTimeout', (then, _ms, ...given) => setImmediate(then, ...given));
  return () => asked;
}

test('what passes is tried again', async (t) => {
  const asked = answering(t, [408, 429, 503, 0, 201]);
  assert.deepEqual(await submitUntilAcknowledged('{}'), { id: 'x' });
  assert.equal(asked(), 5);
});

test('a refusal is not', async (t) => {
  const asked = answering(t, [408, 403, 201]);
  await assert.rejects(submitUntilAcknowledged('{}'), { status: 403 });
  assert.equal(asked(), 2);
});

test('in a hurry nothing is waited for: no pause, and no attempt that hangs', async (t) => {
  const { setTimeout: real } = globalThis;
  const pauses = [];
  t.mock.method(globalThis, 'setTimeout', (_, ms) => pauses.push(ms)); // they never end
  const answers = [503, 'hangs', 503, 201];
  globalThis.fetch = async () => {
    const status = answers.shift();
    if (status === 'hangs') return new Promise(() => {});
    return { ok: status === 201, status, json: async () => (status === 201 ? { id: 'x' } : { code: 'word', status, detail: 'why' }) };
  };
  const hurry = new Hurry();
  hurry.now(); // nothing is on its way yet
  const sent = submitUntilAcknowledged('{}', hurry);
  for (const left of [3, 2, 1]) {
    await new Promise((resolve) => real(resolve, 5));
    assert.equal(answers.length, left);
    hurry.now();
  }
  assert.deepEqual(await sent, { id: 'x' });
  assert.deepEqual(pauses, [500, 500], 'the pauses begin anew');
});
