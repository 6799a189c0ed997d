// What whoever takes an approval back is told and keeps: what was erased, what cannot be, and the proof of both as a file. And that a
// recording which was deleted as a whole leaves nothing to take back.
import test from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { load, pages } from './bundle.mjs';
import { anotherTab, launch, person } from './browser.mjs';

const { MockService } = await load('tests/web/mock/service.ts');
const { openStatement } = await load('web/src/core/dsse.ts');
const { KeyPairSigner } = await load('web/src/core/ed25519.ts');
const { parseKeyFile } = await load('web/src/core/identity.ts');
const { checkAcknowledgement } = await load('web/src/core/proof.ts');
const { countErased } = await load('web/src/core/withdrawal_confirmation.ts');
const built = await pages();
const folder = mkdtempSync(join(tmpdir(), 'unavoce-confirmation-'));
const browser = await launch();
test.after(async () => { await browser.close(); rmSync(folder, { recursive: true }); setTimeout(() => process.exit(), 500).unref(); });

const fresh = (ending) => join(folder, `${Math.random()}.${ending}`);

/** A meeting of two that is being recorded, and the guest's key file. */
async function recorded(t, { look = {}, scope = 'audio' } = {}) {
  const service = await MockService.start(built);
  const host = await person(browser);
  const guest = await person(browser, look);
  t.after(async () => { service.stop(); await Promise.all([host, guest].map(({ context }) => context.close())); });
  await host.register(service.base);
  const link = await host.createRoom('Choir board', fresh('key'));
  await host.join(link, 'Miriam');
  await guest.join(link, 'Jonas');
  await host.ask('Minutes'); await host.approve('audio'); await guest.approve(scope);
  await guest.state('recording-sign', 'recording');
  const keyFile = await guest.save('keyfile-download', fresh('txt'));
  const { recording, approval, withdrawal } = parseKeyFile(readFileSync(keyFile, 'utf8'));
  return { service, host, guest, link, keyFile, recording, approval, withdrawal };
}
const takeBack = async (guest, state = 'done') => {
  await guest.at('withdraw').click(); await guest.at('withdraw-confirm').click();
  await guest.state('withdraw-result', state);
};
/** Title of the dialog, which is its accessible name. */
const titleOf = ({ page }) => page.evaluate(() => {
  const box = document.querySelector('[data-testid=withdraw-dialog]');
  return document.getElementById(box.getAttribute('aria-labelledby')).textContent;
});
/** The withdrawal page in a browser that was never there, with the key file chosen. */
async function elsewhere(t, service, keyFile, look) {
  const other = await person(browser, look);
  t.after(() => other.context.close());
  await other.open(`${service.base}/withdraw`);
  await other.at('withdraw-file').setInputFiles(keyFile);
  return other;
}
const focused = ({ page }) => page.evaluate(() => document.activeElement.dataset.testid);
const text = (base64) => Buffer.from(base64, 'base64').toString();

/** Checks the file as anybody can who has it: `unavoce receipt verify` does so in tests/e2e. */
async function checkFile(path, service, { withdrawal, recording, approval }) {
  const file = JSON.parse(readFileSync(path, 'utf8'));
  assert.deepEqual(Object.keys(file), ['type', 'withdrawal', 'entry', 'r', 'proof', 'ledger_vkey', 'erased']);
  assert.equal(file.type, 'unavoce-confirmation/v1');
  assert.equal(file.ledger_vkey, service.ledger.vkey);
  const ledger = { origin: service.ledger.origin, vkey: file.ledger_vkey };
  if (withdrawal) assert.equal(text(file.withdrawal), withdrawal);
  assert.equal((await openStatement('withdrawal', text(file.withdrawal))).body.recording, recording);
  assert.equal((await checkAcknowledgement(file, text(file.withdrawal), ledger)).entry.kind, 'withdrawal');
  const names = [];
  for (const one of file.erased) {
    const { body } = await openStatement('erased', text(one.envelope));
    assert.equal((await checkAcknowledgement(one, text(one.envelope), ledger)).entry.kind, 'erased');
    assert.equal(body.key, service.signer.publicKey);
    names.push(...body.what);
  }
  assert.deepEqual(names, [`wrapped:${approval}`, `t001-${approval.slice(0, 16)}-f001.webm.age`]);
}

for (const [lang, erased, beyond] of [['en', /Confirmed.*Erased on .*: 1 file of yours and the key to your part\./, /Not reached: a copy/], ['de', /Bestätigt.*Gelöscht am .*: 1 Datei von Ihnen und der Schlüssel zu Ihrem Teil\./, /Nicht erreicht werden: eine Kopie/]]) {
  test(`taking back in the meeting says what was erased and what cannot be, and gives the proof (${lang})`, async (t) => {
    const { service, guest, recording, approval } = await recorded(t, { look: { lang } });
    await takeBack(guest);
    assert.match(await guest.at('withdraw-result').textContent(), erased);
    assert.match(await guest.at('withdraw-dialog').textContent(), beyond);
    assert.equal(await focused(guest), 'withdraw-close', 'the focus is not lost');
    await checkFile(await guest.save('confirmation-save', fresh('json')), service, { recording, approval });
  });

  test(`the withdrawal page does so, too, on any device and again (${lang})`, async (t) => {
    const { service, keyFile, ...what } = await recorded(t);
    const other = await elsewhere(t, service, keyFile, { lang });
    for (let time = 1; time <= 2; time++) {
      await other.at('withdraw-send').click();
      await other.state('withdraw-status', 'done');
      assert.match(await other.at('withdraw-status').textContent(), erased);
      assert.equal(await other.at('withdraw-status').getAttribute('role'), 'status');
      assert.match(await other.at('withdraw-proof').textContent(), beyond);
      assert.equal(await focused(other), 'confirmation-save', 'the next key press saves it');
      await checkFile(await other.save('confirmation-save', fresh('json')), service, what);
      await other.at('withdraw-file').setInputFiles([]);
      await other.at('withdraw-file').setInputFiles(keyFile);
      await other.at('withdraw-send').waitFor();
      assert.equal(await other.at('withdraw-proof').isVisible(), false, 'what was said of another file is gone');
    }
    assert.deepEqual(other.complaints, []);
  });

  test(`before it is sent the withdrawal page says also what goes where a room erases whole takes: the key file does not name the rule (${lang})`, async (t) => {
    const { service, keyFile } = await recorded(t);
    const other = await elsewhere(t, service, keyFile, { lang });
    await other.at('withdraw-send').waitFor();
    assert.match(await other.at('withdraw-summary').textContent(), {
      en: /Your files of this recording.*If the question you approved said so, everything recorded while you were there is erased, too, of everybody\./,
      de: /Ihre Dateien dieser Aufzeichnung.*Stand es so in der Frage, der Sie zugestimmt haben, dann wird auch alles gelöscht, was in Ihrer Anwesenheit aufgezeichnet wurde, von allen\./,
    }[lang]);
    if (process.env.UNAVOCE_SHOTS) await other.page.screenshot({ path: join(process.env.UNAVOCE_SHOTS, `withdraw-${lang}.png`), fullPage: true });
  });

  const words = { en: [/was deleted on .*when its time was over\. Nothing of you is left/, /together with its room/, /, by its host/], de: [/wurde am .* gelöscht, weil ihre Aufbewahrungszeit.*nichts mehr/s, /zusammen mit ihrem Raum/, /, vom Gastgeber/] }[lang];
  for (const [i, reason] of ['retention', 'room_deleted', 'recording_deleted'].entries()) test(`of a recording that was deleted as a whole (${reason}) the withdrawal page says so, and offers nothing (${lang})`, async (t) => {
    const { service, keyFile, recording } = await recorded(t);
    await service.deleteRecording(recording, reason);
    const other = await elsewhere(t, service, keyFile, { lang });
    await other.state('withdraw-status', 'deleted');
    assert.match(await other.at('withdraw-status').textContent(), words[i]);
    assert.equal(await other.at('withdraw-send').count() + await other.at('own-part').count(), 0);
    assert.equal(await other.at('withdraw-error').textContent(), '');
  });
}

test('the confirmation is kept in the browser until it was saved', async (t) => {
  const { service, guest, recording, approval } = await recorded(t);
  await guest.save('receipt-download', fresh('json'));
  await guest.at('take-home-forget').waitFor();
  await takeBack(guest);
  await guest.at('withdraw-close').click();
  const back = async () => { await guest.page.reload(); await guest.page.waitForSelector('html[data-ready="true"]'); await guest.at('join-name').waitFor(); };
  await back();
  await guest.at('confirmation-download').waitFor();
  assert.equal(await guest.at('take-home-forget').count(), 0, 'not everything was saved');
  await checkFile(await guest.save('confirmation-download', fresh('json')), service, { recording, approval });
  await guest.at('take-home-forget').waitFor();
  await back();
  assert.equal(await guest.at('receipt-download').count(), 0, 'what was saved is not kept');
});

test('after leaving, taking back gives the proof as well', async (t) => {
  const { service, guest, ...what } = await recorded(t);
  await guest.at('leave').click(); await guest.at('left').waitFor();
  await guest.at('home-withdraw').click(); await guest.at('withdraw-confirm').click();
  await guest.state('withdraw-result', 'done');
  await checkFile(await guest.save('confirmation-save', fresh('json')), service, what);
});

test('where nothing of a person was recorded, nothing is said to be erased', async (t) => {
  const { guest } = await recorded(t, { scope: 'nothing' });
  await takeBack(guest);
  assert.match(await guest.at('withdraw-result').textContent(), /no file of yours to erase, and no key/);
  assert.equal(await guest.at('confirmation-save').count(), 1);
});

test('what somebody else signed to be erased is not believed, and there is nothing to save', async (t) => {
  const { service, guest, keyFile } = await recorded(t);
  service.lies.signsErased = await KeyPairSigner.generate();
  await takeBack(guest, 'unproven');
  assert.match(await guest.at('withdraw-result').textContent(), /No proof that holds/);
  assert.equal(await titleOf(guest), 'The service says that your approval is taken back');
  assert.equal(await guest.at('confirmation-save').count(), 0);
  assert.equal(await guest.at('alarm').isVisible(), true);
  const other = await elsewhere(t, service, keyFile);
  await other.at('withdraw-send').click();
  await other.state('withdraw-status', 'failed');
  assert.match(await other.at('withdraw-status').textContent(), /its proof does not hold/);
  assert.equal(await other.at('confirmation-save').count(), 0);
});

for (const [what, lie] of [['entry', (one) => ({ ...one, entry: Buffer.from(text(one.entry).replace('"erased"', '"refusal"')).toString('base64') })], ['proof', (one) => ({ ...one, proof: one.proof.replace(/index \d+/, 'index 0') })]]) {
  test(`an erasure with another ${what} is not believed`, async (t) => {
    const { service, keyFile } = await recorded(t);
    service.lies.erased = (erased) => erased.map(lie);
    const other = await elsewhere(t, service, keyFile);
    await other.at('withdraw-send').click();
    await other.state('withdraw-status', 'failed');
    assert.equal(await other.at('confirmation-save').count(), 0);
  });
}

test('a deletion that somebody else signed is not believed: one can take back all the same', async (t) => {
  const { service, keyFile, recording } = await recorded(t);
  service.lies.signsErased = await KeyPairSigner.generate();
  await service.deleteRecording(recording);
  const other = await elsewhere(t, service, keyFile);
  await other.at('withdraw-send').waitFor();
  assert.match(await other.at('withdraw-error').textContent(), /says that this recording was deleted, but its proof does not hold/);
});

test('a recording that is deleted while the page is open is found out when the withdrawal is sent', async (t) => {
  const { service, keyFile, recording } = await recorded(t);
  const other = await elsewhere(t, service, keyFile);
  await other.at('withdraw-send').waitFor();
  await service.deleteRecording(recording);
  await other.at('withdraw-send').click();
  await other.state('withdraw-status', 'deleted');
  assert.equal(await other.at('withdraw-send').count(), 0);
});

test("one's own files are told apart from others' that the same statements name; tails are no files of their own", () => {
  const [mine, theirs] = ['a'.repeat(64), 'b'.repeat(64)];
  const file = (approval, n) => `t00${n}-${approval.slice(0, 16)}-f001.webm.age`;
  const erasure = (received_ms, ...what) => ({ body: { what }, entry: { received_ms } });
  const tail = file(mine, 1).replace('.age', '.tail.age');
  const confirmed = [{ erasures: [erasure(5, `wrapped:${mine}`, file(mine, 1), tail, file(theirs, 1)), erasure(7, `wrapped:${theirs}`, file(mine, 2))] }];
  assert.deepEqual(countErased(confirmed, [mine]), { own: 2, others: [{ approval: theirs.slice(0, 16), files: 1, key: true }], keys: 1, at_ms: 7 });
  assert.deepEqual(countErased([{ erasures: [] }], [mine]), { own: 0, others: [], keys: 0, at_ms: 0 });
});

/** The guest approves audio, then video, too: two approvals by one key. Gives the number of the second one. */
async function twice(t, look) {
  const meeting = await recorded(t, { look });
  const { service, guest } = meeting;
  await guest.at('change-scope').click(); await guest.at('change-scope-video').check(); await guest.at('change-submit').click();
  await guest.page.waitForFunction(() => document.querySelectorAll('[data-testid=take-home] [data-approval]').length === 2);
  await guest.state('recording-sign', 'recording');
  const { id } = service.ledger.entries.filter(({ kind }) => kind === 'approval').at(-1);
  await guest.page.waitForFunction(() => document.querySelector('[data-testid=approval-status]').dataset.state === 'approved');
  return { ...meeting, second: id.slice(0, 16) };
}

for (const [lang, unknown, known] of [
  ['en', (id) => new RegExp(`Erased with it, from the same recording, what belonged to the approval ${id} \\(1 file and the key\\)\\..* It is yours if you approved this recording more than once`), /1 file of yours and the key to your part\. Erased with it, from the same recording, what belonged to your approval given .* \(1 file and the key\)\.$/],
  ['de', (id) => new RegExp(`Mit gelöscht wurde aus derselben Aufzeichnung, was zur Zustimmung ${id} \\(1 Datei und Schlüssel\\) gehörte\\..* Es ist Ihre, wenn Sie dieser Aufzeichnung mehrmals zugestimmt haben`), /Mit gelöscht wurde aus derselben Aufzeichnung, was zu Ihrer Zustimmung vom .* \(1 Datei und Schlüssel\) gehörte\.$/],
]) test(`what goes with another approval by the same key is said, and of which: by its time where this browser knows it, elsewhere by its number (${lang})`, async (t) => {
  const { service, guest, keyFile, second } = await twice(t, { lang });
  const other = await elsewhere(t, service, keyFile, { lang });
  await other.at('withdraw-send').click();
  await other.state('withdraw-status', 'done');
  assert.match(await other.at('withdraw-status').textContent(), unknown(second));
  await guest.open(`${service.base}/withdraw`);
  await guest.at('withdraw-file').setInputFiles(keyFile);
  await guest.at('withdraw-send').click();
  await guest.state('withdraw-status', 'done');
  assert.match(await guest.at('withdraw-status').textContent(), known);
});

test('the title of the dialog asks as long as it is a question, and then says how it stands', async (t) => {
  const { service, guest } = await recorded(t);
  let answer;
  service.lies.holdWithdrawals = new Promise((resolve) => { answer = resolve; });
  await guest.at('withdraw').click();
  assert.equal(await titleOf(guest), 'Take your approval back?');
  await guest.at('withdraw-confirm').click();
  await guest.state('withdraw-result', 'sending');
  assert.equal(await titleOf(guest), 'Your withdrawal is on its way');
  answer();
  await guest.state('withdraw-result', 'done');
  assert.equal(await titleOf(guest), 'Your approval is taken back');
  assert.equal(await guest.page.getByText('Recording stops at once').isVisible(), false, 'what was going to be is over');
});

test('a withdrawal that is refused is called neither a question nor done', async (t) => {
  const { service, guest } = await recorded(t);
  service.lies.refusesWithdrawal = 'not_permitted';
  await takeBack(guest, 'failed');
  assert.equal(await titleOf(guest), 'Your withdrawal is not confirmed');
  assert.match(await guest.at('withdraw-result').textContent(), /try again/);
  await guest.at('withdraw-close').click();
  delete service.lies.refusesWithdrawal;
  await takeBack(guest);
});

test('where nothing is sent, nothing is said to be taken back', async (t) => {
  const { service, guest, link } = await recorded(t);
  const tab = await anotherTab(guest);
  await tab.open(link);
  await tab.at('home-withdraw').click();
  await guest.at('leave').click(); await guest.at('left').waitFor();
  await guest.at('home-withdraw').click(); await guest.at('withdraw-confirm').click();
  await guest.state('withdraw-result', 'done');
  await tab.at('withdraw-confirm').click();
  await tab.state('withdraw-result', 'nothing');
  assert.equal(await titleOf(tab), 'Nothing was sent');
  assert.match(await tab.at('withdraw-result').textContent(), /there is no approval of this recording any more/);
  assert.equal(service.posted.filter(({ kind }) => kind === 'withdrawal').length, 1);
});

for (const [lang, sending] of [['en', 'Sending until'], ['de', 'Wird gesendet']]) test(`a key file that is chosen while another one is being sent has a line of its own; each says of which it is (${lang})`, async (t) => {
  const first = await recorded(t);
  await first.host.at('stop-recording').click();
  await first.guest.state('approval-status', 'none');
  await first.host.ask('Another one'); await first.host.approve('audio'); await first.guest.approve('audio');
  const newest = first.guest.page.locator('[data-testid=take-home] [data-testid=keyfile-download]').first();
  const [download] = await Promise.all([first.guest.page.waitForEvent('download'), newest.click()]);
  const second = fresh('txt');
  await download.saveAs(second);
  let answer;
  first.service.lies.holdWithdrawals = new Promise((resolve) => { answer = resolve; });
  const other = await elsewhere(t, first.service, first.keyFile, { lang });
  await other.at('withdraw-send').click();
  await other.state('withdraw-status', 'sending');
  await other.at('withdraw-file').setInputFiles(second);
  await other.at('withdraw-send').first().waitFor();
  const lines = other.at('withdraw-status');
  assert.deepEqual([await lines.count(), await lines.nth(0).textContent()], [2, '']);
  const named = async (n, path, words) => assert.ok((await lines.nth(n).textContent()).startsWith(`${basename(path)}: ${words}`));
  await named(1, first.keyFile, sending);
  assert.equal(await lines.nth(1).getAttribute('role'), 'status');
  await other.at('withdraw-send').first().click();
  await named(0, second, sending);
  await other.at('withdraw-file').focus();
  answer();
  await other.page.waitForFunction(() => document.querySelectorAll('[data-testid=withdraw-status][data-state=done]').length === 2);
  await named(0, second, lang === 'en' ? 'Confirmed' : 'Bestätigt');
  await named(1, first.keyFile, lang === 'en' ? 'Confirmed' : 'Bestätigt');
  assert.equal(await other.at('confirmation-save').count(), 2, 'the confirmation of each');
  assert.equal(await focused(other), 'withdraw-file', 'the focus stays with whoever went on');
});

const withdrawals = ({ posted }) => posted.filter(({ kind }) => kind === 'withdrawal').map(({ envelope }) => envelope);
const arrived = async (service) => { while (withdrawals(service).length === 0) await new Promise((resolve) => setTimeout(resolve, 20)); };
/** The guest takes back, and the service does not answer until it is told to. */
async function unanswered(t, look) {
  const meeting = await recorded(t, { look });
  let answer;
  meeting.service.lies.holdWithdrawals = new Promise((resolve) => { answer = resolve; });
  await meeting.guest.at('withdraw').click(); await meeting.guest.at('withdraw-confirm').click();
  await meeting.guest.page.waitForSelector('[data-testid=approval-status][data-withdrawal=sending]');
  await arrived(meeting.service);
  return { ...meeting, answer };
}

for (const [lang, again, home, mine] of [
  ['en', /is being sent again/, /Being taken back: the service has not confirmed/, /on its way; the service has not confirmed it yet/],
  ['de', /wird noch einmal gesendet/, /Wird gerade widerrufen: Der Dienst hat es noch nicht bestätigt/, /unterwegs; der Dienst hat ihn noch nicht bestätigt/],
]) test(`a page that is closed before its withdrawal was confirmed loses nothing: the next one sends it again, asks nothing meanwhile, and says how it stands (${lang})`, async (t) => {
  const { service, guest, answer } = await unanswered(t, { lang });
  await guest.page.reload();
  await guest.state('sent-again', 'sending');
  assert.match(await guest.at('sent-again').textContent(), again);
  await guest.page.waitForFunction((words) => new RegExp(words).test(document.querySelector('[data-testid=take-home]').textContent), home.source);
  await guest.page.waitForSelector('html[data-ready="true"]');
  await guest.at('join-submit').click(); await guest.at('meeting').waitFor();
  await guest.page.waitForSelector('[data-testid=approval-status][data-withdrawal=sending]');
  assert.match(await guest.at('approval-status').textContent(), mine);
  assert.equal(await guest.at('prompt').count(), 0);
  answer();
  await guest.page.waitForSelector('[data-testid=approval-status][data-withdrawal=proven]');
  await guest.at('confirmation-download').waitFor();
  const sent = withdrawals(service);
  assert.deepEqual([sent.length, new Set(sent).size], [2, 1]);
  await guest.page.reload(); await guest.page.waitForSelector('html[data-ready="true"]');
  assert.equal(await guest.at('sent-again').count(), 0, 'nothing is left to be sent');
});

test('so does the withdrawal page, which gives the confirmation at once', async (t) => {
  const { service, guest, answer, recording, approval } = await unanswered(t);
  await guest.open(`${service.base}/withdraw`);
  await guest.state('sent-again', 'sending');
  answer();
  await guest.state('sent-again', 'done');
  await checkFile(await guest.save('confirmation-save', fresh('json')), service, { recording, approval });
});

test('a key file that is being sent when the withdrawal page is closed is sent again when it is opened', async (t) => {
  const { service, keyFile } = await recorded(t);
  let answer;
  service.lies.holdWithdrawals = new Promise((resolve) => { answer = resolve; });
  const other = await elsewhere(t, service, keyFile);
  await other.at('withdraw-send').click();
  await other.state('withdraw-status', 'sending');
  await arrived(service);
  await other.page.reload();
  await other.state('sent-again', 'sending');
  answer();
  await other.state('sent-again', 'done');
  assert.deepEqual([withdrawals(service).length, new Set(withdrawals(service)).size], [2, 1]);
});

for (const [lang, failed, warning, dropped] of [
  ['en', /has not accepted.*you can try it here, too/, 'still holds', 'This withdrawal is not sent any more.'],
  ['de', /nicht angenommen.*können Sie es auch hier versuchen/, 'gilt sie weiter', 'Dieser Widerruf wird nicht mehr gesendet.'],
]) test(`a withdrawal that the service does not take can be given up, after a word of what that means (${lang})`, async (t) => {
  const { service, guest } = await recorded(t, { look: { lang } });
  service.lies.refusesWithdrawal = 'unknown_reference';
  await takeBack(guest, 'failed');
  await guest.open(`${service.base}/withdraw`);
  await guest.state('sent-again', 'failed');
  assert.match(await guest.at('sent-again').textContent(), failed);
  await guest.at('sent-again-drop').click();
  assert.ok((await guest.at('sent-again-drop-dialog').textContent()).includes(warning));
  await guest.at('sent-again-drop-cancel').click();
  assert.equal(await focused(guest), 'sent-again-drop', 'whoever cancels gives nothing up');
  await guest.page.reload();
  await guest.state('sent-again', 'failed');
  await guest.at('sent-again-drop').click(); await guest.at('sent-again-drop-confirm').click();
  await guest.state('sent-again', 'dropped');
  assert.equal(await guest.at('sent-again').textContent(), dropped);
  await guest.page.reload(); await guest.page.waitForSelector('html[data-ready="true"]');
  assert.equal(await guest.at('sent-again').count(), 0);
});

/** The page does not get to know the service: whatever else it asks is answered. */
const unknownService = ({ page }) => page.route('**/api/v1/config', (route) => route.abort());

for (const [lang, words] of [['en', 'could not be reached'], ['de', 'nicht zu erreichen']]) test(`while the service cannot be reached, nobody is said to have refused; as soon as it can be, what is kept is sent (${lang})`, async (t) => {
  const { service, guest, answer } = await unanswered(t, { lang });
  await unknownService(guest);
  await guest.open(`${service.base}/withdraw`);
  await guest.state('sent-again', 'unreachable');
  assert.ok((await guest.at('sent-again').textContent()).includes(words));
  assert.equal(await guest.at('sent-again-drop').count(), 0);
  assert.equal(withdrawals(service).length, 1, 'by the page before only');
  answer();
  await guest.page.unroute('**/api/v1/config');
  await guest.state('sent-again', 'done');
});

for (const [lang, words] of [['en', /says that it took your approval back, but the proof of it could not be checked/], ['de', /sei widerrufen, doch der Beweis dafür ließ sich nicht prüfen/]]) test(`what the service has taken is not called refused because its proof cannot be checked just then (${lang})`, async (t) => {
  const { service, keyFile } = await recorded(t);
  const other = await person(browser, { lang });
  t.after(() => other.context.close());
  await unknownService(other);
  await other.open(`${service.base}/withdraw`);
  await other.at('withdraw-file').setInputFiles(keyFile);
  await other.at('withdraw-send').click();
  await other.state('withdraw-status', 'failed');
  assert.match(await other.at('withdraw-status').textContent(), words);
  assert.equal(withdrawals(service).length, 1);
  await other.page.unroute('**/api/v1/config');
  await other.at('withdraw-send').click();
  await other.state('withdraw-status', 'done');
});

test('what was taken back on the withdrawal page is not said to be left when the meeting is opened in the same browser', async (t) => {
  const { service, guest, keyFile, link } = await recorded(t);
  await guest.open(`${service.base}/withdraw`);
  await guest.at('withdraw-file').setInputFiles(keyFile);
  await guest.at('withdraw-send').click();
  await guest.state('withdraw-status', 'done');
  await guest.open(link);
  await guest.page.waitForFunction(() => document.querySelector('[data-testid=take-home]')?.textContent.includes('taken back since'));
  assert.equal(await guest.at('home-withdraw').count(), 0);
});

test('the file that is being sent is not offered a second time', async (t) => {
  const { service, keyFile } = await recorded(t);
  let answer;
  service.lies.holdWithdrawals = new Promise((resolve) => { answer = resolve; });
  const other = await elsewhere(t, service, keyFile);
  await other.at('withdraw-send').click();
  await other.state('withdraw-status', 'sending');
  await other.at('withdraw-file').setInputFiles([]);
  await other.at('withdraw-file').setInputFiles(keyFile);
  await other.page.waitForFunction(() => document.querySelector('[data-testid=withdraw-error]').textContent.includes('is being sent already'));
  assert.equal(await other.page.locator('[data-testid=withdraw-send]:visible').count(), 0);
  answer();
  await other.state('withdraw-status', 'done');
});
