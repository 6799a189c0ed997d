// A meeting in which little goes to plan: somebody refuses, and the host asks anew for less; somebody comes late into a room without a
// lobby and lets nothing of herself be recorded; the host goes away and comes back. What the pages say meanwhile, and what the recording holds.
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { until } from './command.mjs';
import { Person } from './person.mjs';
import { decoding_errors, probe } from './recording.mjs';
import { files_below } from './scan.mjs';
import { scene } from './scene.mjs';

let meeting, anna, ben, chloe, recording, entries, files;
/** By person: the ids of their approvals in the recording, oldest first. */
const given = {};

scene('messy', { ids: ['anna', 'ben'] }, async (gathered) => {
  meeting = gathered;
  [anna, ben] = meeting.people;
  chloe = await Person.enter('chloe', join(meeting.folder, 'people'));  // ready in her browser, not in the room
}, async () => { await chloe?.close().catch(() => {}); });

const is_track = (file) => /^t\d{3}-.*\.age/.test(basename(file));
const tracks_on_disk = async () => (await files_below(meeting.service.data)).map((file) => basename(file)).filter(is_track);
const participant_of = (person) => person.at('meeting').getAttribute('data-participant');
const bodies = (kind) => entries.filter((entry) => entry.kind === kind).map(({ body }) => body);

/** Waits until the recording sign on somebody's page shows this, for this reason, and looks at its words. */
async function sign(person, state, reason, words) {
  await person.state('recording-sign', state);
  await person.state('recording-sign', reason, { attribute: 'data-reason' });
  assert.match(await person.at('recording-sign').textContent(), words, person.name);
}

/** Every page says that this take runs; of Anna and Ben something is sealed in it, and Ben has spoken for two seconds more. */
async function records(number) {
  await Promise.all(meeting.people.map(async (person) => {
    await until(`${person.name} hears of take ${number}`, async () => { const gate = await meeting.gate(person); return gate?.state === 'open' && gate.take === number; }, { timeout_ms: 30000 });
    await person.state('recording-sign', 'recording');
  }));
  await until(`both tracks of take ${number} hold a sealed frame`, () => meeting.service.latencies_ms().length >= 2 * number, { timeout_ms: 30000 });
  const packets = async () => (await ben.sent()).at(-1)?.audio ?? 0;
  const before_that = await packets();
  await until('Ben has spoken for two seconds more', async () => (await packets()) >= before_that + 100, { timeout_ms: 30000 });
}

test('a refusal keeps the gate closed while media flow, and the host reads that somebody refused, not who', { timeout: 60000 }, async () => {
  await meeting.ask();
  await anna.approve();
  await ben.refuse();
  await anna.at('host-note').filter({ hasText: 'Somebody refused. As announced, this page does not show who.' }).waitFor();
  await anna.state('publish-state', 'connected');
  await until('Anna sends sound and picture', async () => { const last = (await anna.sent()).at(-1); return last?.audio > 100 && last?.video > 10; });
  const { state, answers, waiting_for } = await meeting.gate();
  assert.deepEqual({ state, answers, waiting_for }, { state: 'closed', answers: { people: 2, approved: 1, refused: 1 }, waiting_for: [] });
  assert.deepEqual(await tracks_on_disk(), []);
  assert.deepEqual(await ben.sent(), [], 'nothing of Ben went to the service');

  const his = await participant_of(ben);
  for (const testid of ['host-note', 'gate-state', 'recording-sign']) assert.doesNotMatch(await anna.at(testid).textContent(), /Ben/, testid);
  assert.equal(await anna.page.locator(`[data-testid=answer-row][data-participant="${his}"]`).getAttribute('data-answer'), 'hidden');
  // Nor does her page know what it does not show.
  assert.deepEqual((await anna.heard('refused')).map(({ message }) => message.participant), [null]);
  const told = (await anna.heard('roster')).flatMap(({ message }) => message.roster).filter(({ participant }) => participant === his);
  assert.ok(told.length > 0 && told.every(({ answer, approval }) => answer !== 'refused' && approval === null), JSON.stringify(told));
});

test('the host ends that request: there was no take, and nobody is asked any more', { timeout: 60000 }, async () => {
  const { takes, tracks } = await meeting.stop();
  assert.deepEqual({ takes, tracks }, { takes: 0, tracks: [] });
  for (const person of meeting.people) {
    await person.state('recording-sign', 'off');
    await person.state('approval-status', 'none');
    assert.equal(await person.at('prompt').count(), 0, person.name);
  }
  assert.equal((await anna.heard('gate')).some(({ message }) => message.gate.state === 'open'), false, 'the gate never opened');
  assert.deepEqual(await tracks_on_disk(), []);
});

test('asked anew, for sound alone, both have a new question, and with both approvals it is recorded', { timeout: 90000 }, async () => {
  const refused = meeting.recording_id;
  await meeting.ask('To write the minutes: sound, no pictures', ['audio']);
  assert.notEqual(meeting.recording_id, refused);
  for (const person of meeting.people) {
    assert.match(await person.at('prompt-purpose').textContent(), /sound, no pictures/, person.name);
    assert.equal(await person.at('prompt-scope-audio').isChecked(), false, `${person.name}: what was ticked for the first question is not ticked for this one`);
    assert.equal(await person.at('prompt-scope-video').count(), 0, `${person.name} is not asked for a picture`);
  }
  for (const person of meeting.people) await person.approve(['audio']);
  await records(1);
});

test('who comes late pauses it on every page, is asked at once, and is seen and heard without being recorded', { timeout: 90000 }, async () => {
  await chloe.join(meeting.room.link);
  meeting.people.push(chloe);
  await chloe.at('prompt').waitFor();
  for (const person of [anna, ben]) await sign(person, 'paused', 'late_join', /Somebody joined\./);
  await anna.state('gate-state', 'late_join', { attribute: 'data-reason' });
  await sign(chloe, ['paused', 'waiting'], 'late_join', /Somebody joined\./);  // she has seen no take that could be paused
  await Promise.all(meeting.people.map((person) => person.sees(2)));
  assert.equal((await meeting.gate()).state, 'closed');
  assert.ok((await tracks_on_disk()).every((name) => name.startsWith('t001-')), 'no file of another take');
  assert.deepEqual(await chloe.sent(), []);
});

test('an approval of "nothing of me" is enough: the next take starts by itself on all pages', { timeout: 90000 }, async () => {
  await chloe.approve([]);
  await records(2);
  assert.match(await chloe.at('recording-sign').textContent(), /Of you: nothing\./);
  const codes = await Promise.all(meeting.people.map((person) => person.at('short-code').textContent()));
  assert.equal(new Set(codes).size, 1, `everybody reads the same code: ${codes}`);
  assert.deepEqual(await chloe.sent(), [], 'she sends the service nothing');
});

test('the host’s page is gone: it pauses, and the others read why', { timeout: 60000 }, async () => {
  await anna.page.goto('about:blank');
  for (const person of [ben, chloe]) {
    await sign(person, 'paused', 'no_host', /Recording waits for a host: none is here\./);
    assert.equal(await person.at('approval-status').getAttribute('data-state'), 'approved', person.name);
  }
});

test('the host comes back by the link and approves anew, which starts the next take; nobody else is asked', { timeout: 90000 }, async () => {
  await anna.join(meeting.room.link);
  await anna.at('prompt-earlier').waitFor();
  for (const person of [ben, chloe]) await sign(person, 'paused', 'host_left', /The host was away\. 2 of 3 have approved\./);
  await anna.approve(['audio']);
  await records(3);
  for (const person of [ben, chloe]) assert.equal(await person.at('prompt').count(), 0, person.name);
});

test('stopped, it is sealed and opens with the host’s key: one file of Anna’s and Ben’s sound in each of the three takes', { timeout: 90000 }, async (t) => {
  const { state, takes } = await meeting.stop();
  assert.deepEqual({ state, takes }, { state: 'sealed', takes: 3 });
  recording = await meeting.fetch();
  entries = await recording.entries();
  for (const person of meeting.people) {
    const participant = await participant_of(person);
    given[person.id] = entries.filter(({ kind, body }) => kind === 'approval' && body.participant === participant).map(({ id }) => id);
  }
  assert.deepEqual(Object.values(given).map((ids) => ids.length), [2, 1, 1], 'Anna was asked again after she came back, and nobody else');
  files = await recording.open_with_unavoce(meeting.room.key);
  const found = files.map((file) => /^t(\d{3})-([0-9a-f]{16})-f\d{3}\.(webm|mkv)$/.exec(basename(file)).slice(1, 3).join(' ')).sort();
  t.diagnostic(found.join(', '));
  const file_of = (take, approval) => `${take} ${approval.slice(0, 16)}`;
  const wanted = [['001', 0], ['002', 0], ['003', 1]].flatMap(([take, time]) => [file_of(take, given.anna[time]), file_of(take, given.ben[0])]);
  assert.deepEqual(found, wanted.sort());
});

test('no file holds a picture, and all decode without an error', { timeout: 60000 }, async () => {
  for (const file of files) {
    const { audio, video } = await probe(file);
    assert.ok(audio?.codec === 'opus' && audio.packets > 0, file);
    assert.equal(video, undefined, file);
    assert.equal(await decoding_errors(file), '', file);
  }
});

test('of who let nothing of herself be recorded there is no track, no file and no key', async () => {
  const [hers] = given.chloe;
  assert.deepEqual(bodies('track').filter(({ approval }) => approval === hers), []);
  const names = [...await recording.tracks(), ...await readdir(join(recording.bag, 'data/keys')), ...await tracks_on_disk()];
  assert.ok(names.some((name) => name.includes(given.ben[0].slice(0, 16))), 'the same search finds what there is of Ben');
  assert.deepEqual(names.filter((name) => name.includes(hers.slice(0, 16))), []);
});

test('each take names who was in the room and no other; the first one and its tracks know nothing of who came later', () => {
  const [before_leaving, back] = given.anna, [his] = given.ben, [hers] = given.chloe;
  const rosters = bodies('take').map(({ take, approvals }) => [take, [...approvals].sort()]);
  assert.deepEqual(rosters, [[1, [before_leaving, his].sort()], [2, [before_leaving, his, hers].sort()], [3, [back, his, hers].sort()]]);
  const tracks = bodies('track').filter(({ take }) => take === 1).map(({ approval }) => approval);
  assert.deepEqual(new Set(tracks), new Set([before_leaving, his]));
  const kinds = entries.map(({ kind }) => kind);
  assert.ok(entries.findIndex(({ id }) => id === hers) > kinds.indexOf('take'), kinds.join(' '));
});

test('the seals say why each take ended', () => {
  assert.deepEqual(bodies('seal').map(({ take, reason }) => [take, reason]), [[1, 'late_join'], [2, 'host_left'], [3, 'stopped'], [null, 'stopped']]);
});

test('it verifies, here and in the second implementation, and lists everybody’s takes', { timeout: 60000 }, async () => {
  const { status, stdout, stderr } = await recording.verify('--json', '--key', meeting.room.key);
  assert.equal(status, 0, stdout + stderr);
  const lines = JSON.parse(stdout).participants;
  const listed = (id) => given[id].map((approval) => {
    const { answer, scope, takes } = lines.find(({ statement }) => statement === approval);
    return { answer, scope, takes };
  });
  assert.equal(lines.length, 4);
  assert.deepEqual(listed('anna'), [{ answer: 'approved', scope: ['audio'], takes: [1, 2] }, { answer: 'approved', scope: ['audio'], takes: [3] }]);
  assert.deepEqual(listed('ben'), [{ answer: 'approved', scope: ['audio'], takes: [1, 2, 3] }]);
  assert.deepEqual(listed('chloe'), [{ answer: 'approved', scope: [], takes: [2, 3] }]);
  await recording.second_opinion(meeting.room.key, files);
});

test('no page raised an alarm', async (t) => {
  for (const person of meeting.people) assert.equal(await person.at('alarm').isVisible(), false, `${person.name}: ${await person.at('alarm').textContent()}`);
  t.diagnostic(meeting.people.flatMap(({ complaints }) => complaints).join('\n') || 'nor did the consoles complain');
});
