// A statement is sent until the service acknowledges it. What passes is no refusal: too many at once, a body that arrived too slowly,
// no connection, a service that cannot just now. Without a browser.
import test from 'node:test';
import assert from 'node:assert/strict';
import { load } from './bundle.mjs';

const { submitUntilAcknowledged } = await load('web/src/net/submit.ts');

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
