// One person, two tabs of one browser, two kinds of them. A tab that is opened with the link is another participant, with a key and an answer of
// its own (docs/STATE_MACHINE.md, "Coming and going"). A tab that was duplicated has the seat of the first one and takes it: the first one
// says so, sends nothing any more and does not come back; nobody has left, and no answer is taken over.
import assert from 'node:assert/strict';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { pause, until } from './command.mjs';
import { Person } from './person.mjs';
import { decoding_errors } from './recording.mjs';
import { scene } from './scene.mjs';

let meeting, anna, ben, link_tab, twin, seat, recording, entries;
/** Ids of approvals: Anna's, those under the key of Ben's first tab, oldest first, and that of his second tab. */
let hers, his, second;

scene('two-tabs', { ids: ['anna', 'ben'] }, async (gathered) => {
  meeting = gathered;
  [anna, ben] = meeting.people;
});

const participant_of = (person) => person.at('meeting').getAttribute('data-participant');
const tab_of = (person, page, name) => new Person(person.id, name, person.folder, person.wav, person.browser, page);
const bodies = (kind) => entries.filter((entry) => entry.kind === kind).map(({ body }) => body);
/** The names on the roster that somebody's page heard last. */
const roster = async (person) => (await person.heard('roster')).at(-1).message.roster.map(({ name }) => name);

/** The tab that a browser's "Duplicate" opens: the same profile, and a copy of what the first tab kept for itself. */
async function duplicate(person, name) {
  const kept = await person.page.evaluate(() => ({ ...sessionStorage }));
  const page = await person.page.context().newPage();
  await page.addInitScript((items) => {
    for (const [key, value] of Object.entries(items)) if (sessionStorage.getItem(key) === null) sessionStorage.setItem(key, value);
  }, kept);
  return tab_of(person, page, name);
}

/** The page says that this take runs. */
async function records(person, number) {
  await until(`${person.name} hears of take ${number}`, async () => { const gate = await meeting.gate(person); return gate?.state === 'open' && gate.take === number; }, { timeout_ms: 30000 });
  await person.state('recording-sign', 'recording');
}

/** What a page sends the service grows by two seconds of sound. */
async function speaks(person) {
  const packets = async () => (await person.sent()).at(-1)?.audio ?? 0;
  await until(`${person.name} sends to the service`, async () => (await packets()) > 0, { timeout_ms: 30000 });
  const start = await packets();
  await until(`${person.name} has spoken for two seconds more`, async () => (await packets()) >= start + 100, { timeout_ms: 30000 });
}

/** Connections of a page that are not closed. */
const open_connections = async (person) => (await person.page.evaluate(() => window.__sent())).filter(({ state }) => state !== 'closed').length;

test('with two people in one tab each, the first take runs', { timeout: 60000 }, async () => {
  await meeting.ask('Minutes', ['audio']);
  for (const person of [anna, ben]) await person.approve(['audio']);
  for (const person of [anna, ben]) await records(person, 1);
  await Promise.all([anna, ben].map(speaks));
});

test('a second tab with the link is a third participant: it pauses, the new tab is asked, the old one is not', { timeout: 90000 }, async () => {
  link_tab = tab_of(ben, await ben.page.context().newPage(), 'Ben, second tab');
  await link_tab.join(meeting.room.link);
  await link_tab.at('prompt').waitFor();
  for (const person of [anna, ben]) {
    await person.state('recording-sign', 'paused');
    await person.state('recording-sign', 'late_join', { attribute: 'data-reason' });
  }
  const [first, second] = await Promise.all([ben, link_tab].map(participant_of));
  assert.notEqual(first, second);
  await until('the host sees three people', async () => (await roster(anna)).length === 3);
  assert.equal(await ben.at('prompt').count(), 0, 'the first tab has answered for itself');
  assert.equal(await ben.at('approval-status').getAttribute('data-state'), 'approved');
  assert.deepEqual(await link_tab.sent(), [], 'nothing goes to the service from a tab that has not approved');
});

test('each of the two tabs answers for itself: with its own approval the next take names all three', { timeout: 90000 }, async () => {
  await link_tab.at('prompt-earlier').waitFor();  // the same browser keeps what the first tab approved, and says so
  await link_tab.approve(['audio']);
  for (const person of [anna, ben, link_tab]) await records(person, 2);
  await Promise.all([ben, link_tab].map(speaks));
  const codes = await Promise.all([anna, ben, link_tab].map((person) => person.at('short-code').textContent()));
  assert.equal(new Set(codes).size, 1, `everybody reads the same code: ${codes}`);
});

test('the second tab leaves: recording goes on without it by itself, and the first tab keeps its approval', { timeout: 90000 }, async () => {
  await link_tab.leave();
  await link_tab.at('left').waitFor();
  for (const person of [anna, ben]) await records(person, 3);
  assert.equal(await ben.at('approval-status').getAttribute('data-state'), 'approved');
  assert.equal(await ben.at('prompt').count(), 0);
  await speaks(ben);
});

test('a duplicated tab takes the seat; the first one says why, closes every connection and does not come back', { timeout: 90000 }, async () => {
  seat = await participant_of(ben);
  twin = await duplicate(ben, 'Ben, duplicate');
  await twin.open(meeting.room.link);
  assert.equal(await twin.at('join-name').inputValue(), ben.name, 'it has what the first tab kept');
  await twin.click('join-submit');
  await twin.at('meeting').waitFor();
  assert.equal(await participant_of(twin), seat);
  await ben.at('left').waitFor();
  assert.match(await ben.at('left').textContent(), /in another tab.*nothing of you is sent/s);
  await until('the first tab closed all it was connected with', async () => (await open_connections(ben)) === 0);
  assert.equal(await ben.at('prompt').count(), 0);

  const welcomed = (await ben.heard('welcome')).length;
  await pause(3000);  // it would have tried again by now
  assert.equal((await ben.heard('welcome')).length, welcomed);
  assert.equal(await twin.at('meeting').isVisible(), true, 'and the tab that has the seat keeps it');
  assert.deepEqual((await roster(anna)).sort(), [anna.name, ben.name].sort());
});

test('no answer is taken over: the duplicate is asked, and until it approves nothing is recorded', { timeout: 90000 }, async () => {
  await twin.at('prompt').waitFor();
  await twin.state('approval-status', 'asked');
  await anna.state('recording-sign', 'paused');
  assert.equal((await meeting.gate()).state, 'closed');
  assert.deepEqual(await twin.sent(), []);
  await twin.approve(['audio']);
  for (const person of [anna, twin]) await records(person, 4);
  await speaks(twin);
});

test('once the duplicate is closed, recording goes on with who is left; the first tab may come back, under its key, and is asked anew', { timeout: 120000 }, async () => {
  assert.equal(await twin.at('alarm').isVisible(), false);
  await twin.page.close();
  await records(anna, 5);
  await ben.click('rejoin');
  await ben.at('join-submit').waitFor();
  await ben.page.waitForSelector('html[data-ready="true"]');
  await ben.click('join-submit');
  await ben.at('meeting').waitFor();
  await ben.approve(['audio']);
  for (const person of [anna, ben]) await records(person, 6);
  await speaks(ben);
});

test('stopped: each take names one approval for each tab that was in it; the first tab and its duplicate have one key, the second tab another', { timeout: 90000 }, async () => {
  await meeting.stop();
  recording = await meeting.fetch();
  entries = await recording.entries();
  const approvals = entries.filter(({ kind }) => kind === 'approval');
  const { key } = approvals.find(({ body }) => body.participant === seat).body;
  const keys_of = (wanted) => new Set(approvals.filter(({ body }) => wanted(body)).map(({ body }) => body.key));
  const ids_of = (wanted) => approvals.filter(({ body }) => wanted(body)).map(({ id }) => id);
  const is_host = ({ role }) => role === 'host', is_seat = (body) => body.key === key;
  const is_second = (body) => !is_host(body) && !is_seat(body);
  [hers, his, second] = [is_host, is_seat, is_second].map(ids_of);
  assert.deepEqual([hers.length, his.length, second.length], [1, 3, 1], 'under the key of the first tab: the first tab, its duplicate, the first tab again');
  assert.deepEqual([is_host, is_seat, is_second].map((wanted) => keys_of(wanted).size), [1, 1, 1]);
  assert.equal(new Set(approvals.map(({ body }) => body.key)).size, 3);
  const rosters = bodies('take').map(({ take, approvals: ids }) => [take, [...ids].sort()]);
  const [anna_, [first, twins, again], [other]] = [hers[0], his, second];
  assert.deepEqual(rosters, [[anna_, first], [anna_, first, other], [anna_, first], [anna_, twins], [anna_], [anna_, again]].map((ids, i) => [i + 1, ids.sort()]));
});

test('of each tab there is what was recorded while it was there; all of it decodes and verifies', { timeout: 90000 }, async () => {
  const files = await recording.open_with_unavoce(meeting.room.key);
  const takes_of = (id) => files.map((file) => basename(file)).filter((name) => name.includes(`-${id.slice(0, 16)}-`)).map((name) => name.slice(0, 4)).sort();
  assert.deepEqual(his.map(takes_of), [['t001', 't002', 't003'], ['t004'], ['t006']]);
  assert.deepEqual(takes_of(second[0]), ['t002']);
  for (const file of files) assert.equal(await decoding_errors(file), '', basename(file));
  const { status, stdout, stderr } = await recording.verify('--key', meeting.room.key);
  assert.equal(status, 0, stdout + stderr);
  await recording.second_opinion(meeting.room.key, files);
});

test('no page raised an alarm', async () => {
  for (const person of [anna, ben]) assert.equal(await person.at('alarm').isVisible(), false, `${person.name}: ${await person.at('alarm').textContent()}`);
});
