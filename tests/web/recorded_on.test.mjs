// The host's page notices that a take went on after consent to it was over, before it opens the recording.
import test from 'node:test';
import assert from 'node:assert/strict';
import { load } from './bundle.mjs';

const { recordedOn } = await load('web/src/player/recorded_on.ts');
const ALL = ['audio', 'video', 'screen', 'chat'];
const HOUR = 3_600_000;
const SAID = 1_000_000; // when the service took an answer in
const EXPIRES = 50 * HOUR;

/** A take of Hanna and of Paula, whose files hold picture and sound, and the screen. `last` is the arrival of the last frame of each file. */
function meeting({ paulas = ['audio', 'video', 'screen'], anew = [], refusals = [], withdrawals = [], minimum_scope = [], last, empty = false, expires_ms = EXPIRES, request_ms = EXPIRES }) {
  const approval = (id, index, scope) => ({ id, index, received_ms: 0, body: { key: `key of ${id}`, scope, expires_ms: id === 'paula' ? expires_ms : EXPIRES } });
  const track = (name, owner, kinds) => ({ index: 5, body: { take: 1, name, approval: owner, kinds } });
  const tracks = [track('hanna-1', 'hanna', ['audio', 'video']), track('paula-1', 'paula', ['audio', 'video']), track('paula-2', 'paula', ['screen'])];
  return {
    request: { minimum_scope, expires_ms: request_ms }, approvals: [approval('hanna', 1, ['audio', 'video']), approval('paula', 2, paulas), ...anew],
    refusals, withdrawals, takes: [{ index: 4, body: { take: 1, approvals: ['hanna', 'paula'] } }], tracks,
    seals: [{ index: 9, body: { take: 1, tracks: tracks.map(({ body: { name, approval: owner } }) => ({ name, approval: owner, empty, last_arrival_ms: last[name] ?? last })) } },
      { index: 12, body: { take: null, tracks: [] } }],
  };
}
const said = (index, kinds) => ({ index, received_ms: SAID, body: { key: 'key of paula', kinds } });

test('who goes on recording in the take after a withdrawal is found, after two seconds', () => {
  assert.match(recordedOn(meeting({ withdrawals: [said(6, ALL)], last: SAID + HOUR })), /after a withdrawal/);
  assert.match(recordedOn(meeting({ withdrawals: [said(6, ALL)], last: SAID + 2001 })), /after a withdrawal/);
  assert.equal(recordedOn(meeting({ withdrawals: [said(6, ALL)], last: SAID + 2000 })), null);
});

test('who goes on recording after a refusal is found', () => {
  assert.match(recordedOn(meeting({ refusals: [said(6)], last: SAID + HOUR })), /refused/);
  assert.equal(recordedOn(meeting({ refusals: [said(6)], last: SAID })), null);
});

test('who goes on recording after somebody in the take approved anew is found, after fifteen seconds, whatever they grant', () => {
  for (const scope of [[], ['audio'], ['audio', 'video', 'screen']]) {
    const newer = (index, key = 'key of paula') => [{ id: 'newer', index, received_ms: SAID, body: { key, scope, expires_ms: EXPIRES } }];
    assert.match(recordedOn(meeting({ anew: newer(6), last: SAID + HOUR })), /approved anew/);
    assert.match(recordedOn(meeting({ anew: newer(6), last: SAID + 15_001 })), /approved anew/);
    assert.equal(recordedOn(meeting({ anew: newer(6), last: SAID + 15_000 })), null);
    assert.equal(recordedOn(meeting({ anew: newer(10), last: SAID + HOUR })), null, 'after the seal');
    assert.equal(recordedOn(meeting({ anew: newer(6, 'key of dora'), last: SAID + HOUR })), null, 'somebody at the door');
  }
});

test('who goes on recording after the request or an approval has expired is found, after a minute', () => {
  for (const expired of [{ request_ms: HOUR }, { expires_ms: HOUR }]) {
    assert.match(recordedOn(meeting({ ...expired, last: HOUR + 62_001 })), /expired/);
    assert.equal(recordedOn(meeting({ ...expired, last: HOUR + 62_000 })), null);
  }
});

test('a withdrawal of some kinds ends the tracks of which it leaves nothing, and no others', () => {
  const screen = [said(6, ['screen'])];
  assert.match(recordedOn(meeting({ withdrawals: screen, last: SAID + HOUR })), /after a withdrawal/);
  assert.equal(recordedOn(meeting({ withdrawals: screen, last: { 'hanna-1': SAID + HOUR, 'paula-1': SAID + HOUR, 'paula-2': SAID } })), null);
  assert.equal(recordedOn(meeting({ withdrawals: [said(6, ['audio'])], last: SAID + HOUR })), null, 'one kind of a file');
  assert.match(recordedOn(meeting({ withdrawals: [said(6, ['audio'])], minimum_scope: ['audio'], last: SAID + HOUR })), /after a withdrawal/, 'one that the request needs');
});

test('who granted nothing ends the take by one withdrawal of everything, and not by several that add up to it', () => {
  assert.match(recordedOn(meeting({ paulas: [], withdrawals: [said(6, ALL)], last: SAID + HOUR })), /after a withdrawal/);
  const parts = [said(6, ['audio', 'video']), said(7, ['screen', 'chat'])];
  assert.equal(recordedOn(meeting({ paulas: [], withdrawals: parts, last: { 'hanna-1': SAID + HOUR, 'paula-1': 0, 'paula-2': 0 } })), null);
});

test('what was said before the take, after its seal or by somebody else ends nothing; nor do files without a frame, or of a take that was cut off', () => {
  const late = { last: SAID + HOUR };
  assert.equal(recordedOn(meeting({ withdrawals: [said(3, ['audio'])], ...late })), null);
  assert.equal(recordedOn(meeting({ withdrawals: [said(10, ALL)], refusals: [said(10)], ...late })), null);
  assert.equal(recordedOn(meeting({ withdrawals: [{ ...said(6, ALL), body: { key: 'another', kinds: ALL } }], ...late })), null);
  assert.equal(recordedOn(meeting({ withdrawals: [said(6, ALL)], empty: true, ...late })), null);
  assert.equal(recordedOn(meeting({ withdrawals: [said(6, ALL)], last: 0 })), null);
});
