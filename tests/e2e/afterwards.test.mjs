// After the meeting, with nothing but what people took home: everybody gets their own part, and takes it back, each on another way. The page
// that is still open, the key file on a device that was never there, `unavoce withdraw`, and an operator with the bare withdrawal.
import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { must, pause, run } from './command.mjs';
import { files_below } from './scan.mjs';
import { scene } from './scene.mjs';
import { UNAVOCE } from './service.mjs';

let meeting, recording, approvals, opened, address;
const taken_home = {};
const short = (id) => approvals[id].slice(0, 16);
/** Names of the files of this person that the service still has. */
const kept = async (id) => (await files_below(join(meeting.service.data, 'blobs'))).map((path) => basename(path)).filter((name) => name.includes(short(id)));

scene('afterwards', { flags: ['--ledger-publish-seconds', '1'] }, async (gathered) => {
  meeting = gathered;
  await meeting.ask();
  await meeting.everybody_approves();
  await meeting.gate_is('open');
  await pause(6000);
  await meeting.stop();
  for (const person of meeting.people) taken_home[person.id] = { receipt: await person.download('receipt-download'), key: await person.download('keyfile-download') };
  recording = await meeting.fetch();
  approvals = await meeting.approvals(recording);
  const files = await recording.open_with_unavoce(meeting.room.key);
  opened = Object.fromEntries(meeting.people.map(({ id }) => [id, files.find((file) => basename(file).includes(short(id)))]));
  address = `${meeting.service.base}/recordings/${meeting.recording_id}`;
});

test('the page saves its own person’s part, byte for byte what the host sees of them', { timeout: 60000 }, async () => {
  for (const person of meeting.people) {
    const path = await person.download('own-part');
    assert.deepEqual(await readFile(path), await readFile(opened[person.id]), person.id);
  }
});

test('`unavoce open` with the key file alone fetches and opens that part, and no other', { timeout: 60000 }, async () => {
  const out = join(meeting.folder, 'own');
  await must(UNAVOCE, ['open', '--key', taken_home.ben.key, '-o', out, address]);
  assert.deepEqual(await readdir(out), [basename(opened.ben)]);
  assert.deepEqual(await readFile(join(out, basename(opened.ben))), await readFile(opened.ben));
  const token = /^# token: (.*)$/m.exec(await readFile(taken_home.ben.key, 'utf8'))[1];
  const ask = (path) => meeting.host.page.context().browser().newContext().then((stranger) => stranger.request.get(`${meeting.service.base}/api/v1/recordings/${meeting.recording_id}${path}`, { headers: { Authorization: `Bearer ${token}` } }));
  assert.equal((await ask(`/tracks/${basename(opened.chloe)}.age`)).status(), 401);
  assert.equal((await ask('/bundle')).status(), 401);
});

test('the key file, on a device that was never there, saves the part and then takes the approval back', { timeout: 60000 }, async () => {
  const ben = meeting.person('ben');
  const elsewhere = await ben.browser.newContext({ acceptDownloads: true, locale: 'de-DE' });
  const page = await elsewhere.newPage();
  await page.goto(`${meeting.service.base}/withdraw`);
  await page.getByTestId('withdraw-file').setInputFiles(taken_home.ben.key);
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('own-part').click()]);
  assert.deepEqual(await readFile(await download.path()), await readFile(opened.ben));
  assert.notDeepEqual(await kept('ben'), []);
  await page.getByTestId('withdraw-send').click();
  await page.locator('[data-testid=withdraw-status][data-state=done]').waitFor();
  assert.deepEqual(await kept('ben'), []);
  await page.getByTestId('own-part').waitFor({ state: 'hidden' });  // nothing is left to be saved
  assert.match(await page.getByTestId('withdraw-status').textContent(), /Gelöscht am .*: 1 Datei von Ihnen und der Schlüssel zu Ihrem Teil\./);
  const [confirmation] = await Promise.all([page.waitForEvent('download'), page.getByTestId('confirmation-save').click()]);
  assert.match(confirmation.suggestedFilename(), /\.unavoce-confirmation\.json$/);
  await confirmation.saveAs(join(meeting.folder, 'ben.unavoce-confirmation.json'));
});

test('the confirmation that the page gave proves to `unavoce` that he took back, and what was erased', { timeout: 60000 }, async () => {
  const confirmation = join(meeting.folder, 'ben.unavoce-confirmation.json');
  const verified = JSON.parse(await must(UNAVOCE, ['receipt', 'verify', '--json', '--receipt', taken_home.ben.receipt, confirmation]));
  assert.deepEqual(verified.erased.sort(), [`${basename(opened.ben)}.age`, `wrapped:${approvals.ben}`]);
  assert.equal(verified.ledger_key_given, true);
  assert.notEqual((await run(UNAVOCE, ['receipt', 'verify', '--receipt', taken_home.chloe.receipt, confirmation])).status, 0);
});

test('it is the file that `unavoce withdraw` writes, but for the fresh proof', { timeout: 60000 }, async () => {
  const again = join(meeting.folder, 'again.json');
  await must(UNAVOCE, ['withdraw', '--yes', '--receipt', taken_home.ben.receipt, '-o', again, taken_home.ben.key]);
  const [page, command] = await Promise.all([join(meeting.folder, 'ben.unavoce-confirmation.json'), again].map((path) => readFile(path, 'utf8')));
  const without_proofs = (text) => text.replace(/"proof":"[^"]*"/g, '"proof":""');
  assert.equal(without_proofs(page), without_proofs(command));
});

test('`unavoce withdraw` takes one back, and its confirmation holds against the receipt', { timeout: 60000 }, async () => {
  const confirmation = join(meeting.folder, 'chloe.unavoce-confirmation.json');
  await must(UNAVOCE, ['withdraw', '--yes', '--receipt', taken_home.chloe.receipt, '-o', confirmation, taken_home.chloe.key]);
  assert.deepEqual(await kept('chloe'), []);
  const verified = JSON.parse(await must(UNAVOCE, ['receipt', 'verify', '--json', '--receipt', taken_home.chloe.receipt, confirmation]));
  assert.deepEqual(verified.erased.sort(), [`${basename(opened.chloe)}.age`, `wrapped:${approvals.chloe}`]);
  assert.notEqual((await run(UNAVOCE, ['receipt', 'verify', '--receipt', taken_home.ben.receipt, confirmation])).status, 0);
});

test('an operator takes one back with the bare withdrawal, which opens nothing', { timeout: 60000 }, async () => {
  const bare = join(meeting.folder, 'withdrawal.json');
  await writeFile(bare, await must(UNAVOCE, ['withdraw', '--extract', taken_home.anna.key]));
  const text = await readFile(bare, 'utf8');
  assert.ok(!text.includes('AGE-SECRET-KEY') && !text.includes('token'));
  await must(UNAVOCE, ['withdraw', '--yes', '--server', meeting.service.base, '--statement', bare, '-o', join(meeting.folder, 'anna.json')]);
  assert.deepEqual(await kept('anna'), []);
});

test('the recording says so: three withdrawals, three erasures, no key left, and it still verifies', { timeout: 60000 }, async () => {
  const rest = await meeting.fetch('rest');
  const kinds = (await rest.entries()).map(({ kind }) => kind);
  assert.equal(kinds.filter((kind) => kind === 'withdrawal').length, 3);
  assert.deepEqual(await rest.tracks(), []);
  assert.deepEqual(await readdir(join(rest.bag, 'data/keys')).catch(() => []), []);
  const { status, stdout, stderr } = await rest.verify();
  assert.equal(status, 0, stdout + stderr);
});

test('the public ledger only grew since the first receipt', { timeout: 60000 }, async () => {
  await must(UNAVOCE, ['ledger', 'check', meeting.service.base, '--seen', taken_home.anna.receipt]);
});

test('no page complained', () => {
  assert.deepEqual(meeting.people.flatMap((person) => person.complaints), []);
});

test('when the host deletes the account with all its recordings, the withdrawal page tells whoever comes with a key file', { timeout: 60000 }, async () => {
  const deleted = await meeting.host.page.context().request.delete(`${meeting.service.base}/api/v1/account`, { data: { password: 'correct horse battery staple' } });
  assert.equal(deleted.status(), 204);
  const page = await (await meeting.person('anna').browser.newContext({ locale: 'en-GB' })).newPage();
  await page.goto(`${meeting.service.base}/withdraw`);
  await page.getByTestId('withdraw-file').setInputFiles(taken_home.anna.key);
  await page.locator('[data-testid=withdraw-status][data-state=deleted]').waitFor();
  assert.match(await page.getByTestId('withdraw-status').textContent(), /was deleted on .*, together with its room\. Nothing of you is left/);
  assert.equal(await page.getByTestId('withdraw-send').count(), 0);
});
