// How a page comes back after a lost connection, by a clock of the test's: without a browser and without a service.
import test from 'node:test';
import assert from 'node:assert/strict';
import { load } from './bundle.mjs';

const { RoomSocket } = await load('web/src/net/socket.ts');
const real = { setTimeout, clearTimeout, setInterval, clearInterval, WebSocket: globalThis.WebSocket };
const URL_OF_ROOM = `ws://localhost/api/v1/rooms/${'f'.repeat(32)}/ws`;

/** A clock that stands still, and a network on which nobody answers but the test. */
function world(t, url = URL_OF_ROOM) {
  t.after(() => Object.assign(globalThis, real));
  let now = 0, count = 0;
  const timers = new Map();
  const later = (run, ms, every) => { timers.set(++count, { at: now + ms, run, every }); return count; };
  const forget = (id) => timers.delete(id);
  const sockets = [];
  class WebSocket {
    static OPEN = 1;
    readyState = 0;
    sent = [];
    constructor() { this.at = now; sockets.push(this); }
    send(text) { this.sent.push(JSON.parse(text)); }
    close() { this.readyState = 3; }
    open() { this.readyState = 1; this.onopen(); }
    says(message) { this.onmessage({ data: JSON.stringify(message) }); }
    breaks() { this.readyState = 3; this.onclose?.(); }
    welcome(resume) { this.open(); this.says({ type: 'welcome', resume }); }
    refuse(code) { this.says({ type: 'problem', problem: { code } }); }
  }
  Object.assign(globalThis, { WebSocket, setTimeout: (run, ms) => later(run, ms), setInterval: (run, ms) => later(run, ms, ms), clearTimeout: forget, clearInterval: forget });
  const seen = { states: [], messages: [] };
  const room = new RoomSocket(url, { name: 'Jonas', key: 'k', role: 'participant' }, null, (message) => seen.messages.push(message), (state) => seen.states.push(state));
  room.connect();
  return {
    seen, sockets, room,
    get last() { return sockets.at(-1); },
    get now() { return now; },
    pass(ms) {
      const end = now + ms;
      for (;;) {
        const [id, next] = [...timers].sort(([, one], [, other]) => one.at - other.at)[0] ?? [];
        if (next === undefined || next.at > end) break;
        now = next.at;
        if (next.every === undefined) timers.delete(id); else next.at += next.every;
        next.run();
      }
      now = end;
    },
    /** Until the next attempt to connect; how long that took. */
    untilNext() {
      const [before, from] = [sockets.length, now];
      while (sockets.length === before && now - from < 60_000) this.pass(10);
      return now - from;
    },
  };
}

test('a token that is refused after many attempts that failed leads to the second join at once', (t) => {
  const jonas = world(t);
  jonas.last.welcome('old');
  jonas.last.breaks();
  for (let i = 0; i < 6; ++i) { jonas.untilNext(); jonas.last.breaks(); }
  jonas.untilNext();
  jonas.last.open();
  const refused = jonas.last;
  const refused_at = jonas.now;
  refused.refuse('cannot_resume');
  assert.deepEqual([jonas.sockets.length, jonas.last.at], [9, refused_at]);
  jonas.last.open();
  assert.deepEqual([refused.sent[0].resume, refused.readyState, jonas.last.sent[0].resume], ['old', 3, null]);
  jonas.last.breaks();
  assert.equal(jonas.untilNext(), 300, 'and what fails then begins with the shortest pause');
});

test('whose own connection may still hold the key pauses before the join without the token', (t) => {
  const jonas = world(t);
  jonas.last.welcome('old');
  jonas.last.breaks();
  jonas.untilNext();
  jonas.last.open();
  jonas.last.refuse('key_in_use');
  const refused = jonas.last;
  assert.equal(jonas.sockets.length, 2);
  refused.breaks();
  assert.equal(jonas.untilNext(), 1_000);
  jonas.last.open();
  assert.equal(jonas.last.sent[0].resume, null);
});

test('a service that was too slow to answer a join in time is asked again, with the token', (t) => {
  const jonas = world(t);
  jonas.last.welcome('old');
  jonas.last.breaks();
  jonas.untilNext();
  jonas.last.open();
  jonas.last.refuse('join_first');
  jonas.last.breaks();
  jonas.untilNext();
  jonas.last.open();
  assert.equal(jonas.last.sent[0].resume, 'old');
});

test('a join that is refused without a token is not tried again', (t) => {
  const jonas = world(t);
  jonas.last.welcome('old');
  jonas.last.breaks();
  jonas.untilNext();
  jonas.last.open(); jonas.last.refuse('room_full');
  jonas.last.open(); jonas.last.refuse('room_full');
  assert.equal(jonas.seen.states.at(-1), 'closed');
  assert.equal(jonas.untilNext(), 60_000);
  assert.equal(jonas.sockets.length, 3);
});

test('a connection that does not open is given up after six seconds, one that opens is not', (t) => {
  const jonas = world(t);
  jonas.last.welcome('old');
  jonas.last.breaks();
  jonas.untilNext();
  const hanging = jonas.last;
  assert.equal(jonas.untilNext(), 6_000 + 1_000);
  assert.equal(hanging.readyState, 3);
  jonas.last.open();
  jonas.pass(15_000);
  jonas.last.says({ type: 'welcome', resume: 'new' });
  assert.equal(jonas.sockets.length, 3);
  assert.equal(jonas.seen.states.at(-1), 'connected');
});

test('a connection on which two pings are not answered is given up, one with an answer is not', (t) => {
  const jonas = world(t);
  jonas.last.welcome('old');
  const first = jonas.last;
  for (let i = 0; i < 10; ++i) { jonas.pass(10_000); first.says({ type: 'pong' }); }
  assert.equal(first.sent.filter(({ type }) => type === 'ping').length, 10);
  assert.equal(jonas.untilNext(), 30_000 + 300);
  assert.equal(first.readyState, 3);
  jonas.last.open();
  assert.equal(jonas.last.sent[0].resume, 'old');
});

test('the pauses are up to a quarter shorter, the same for all people of a room', (t) => {
  const pauses = (room) => {
    const somebody = world(t, `ws://localhost/api/v1/rooms/${room}/ws`);
    return Array.from({ length: 6 }, () => { somebody.last.breaks(); return somebody.untilNext(); });
  };
  assert.deepEqual(pauses('f'.repeat(32)), [300, 1_000, 2_000, 4_000, 5_000, 5_000]);
  assert.deepEqual(pauses('0'.repeat(32)), [230, 750, 1_500, 3_000, 3_750, 3_750]); // in steps of 10 ms
});
