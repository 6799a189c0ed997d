// What people are told about each other's answers, and that what was approved can be taken back from wherever one is.
import test from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load, pages } from './bundle.mjs';
import { launch, person } from './browser.mjs';

const { MockService } = await load('tests/web/mock/service.ts');
const { openStatement } = await load('web/src/core/dsse.ts');
const built = await pages();
const folder = mkdtempSync(join(tmpdir(), 'unavoce-answers-'));
const browser = await launch();
test.after(async () => { await browser.close(); rmSync(folder, { recursive: true }); setTimeout(() => process.exit(), 500).unref(); });

async function meeting(t, names = ['Jonas'], look = {}, room = {}) {
  const service = await MockService.start(built);
  const host = await person(browser, look);
  await host.register(service.base);
  const link = await host.createRoom('Choir board', join(folder, `${Math.random()}.key`), room);
  await host.join(link, 'Miriam');
  const guests = [];
  for (const name of names) { const guest = await person(browser, look); await guest.join(link, name); guests.push(guest); }
  t.after(async () => { service.stop(); await Promise.all([host, ...guests].map(({ context }) => context.close())); });
  return { service, host, guests, guest: guests[0], link };
}
const rejoin = async (who) => {
  await who.page.reload();
  await who.page.waitForSelector('html[data-ready="true"]');
  await who.at('join-submit').click();
  await who.at('meeting').waitFor();
};
const recorded = async (host, guest) => {
  await host.ask('Minutes'); await host.approve('audio'); await guest.approve('audio');
  await guest.state('recording-sign', 'recording');
};
const withdrawals = ({ posted }) => posted.filter(({ kind }) => kind === 'withdrawal');
const confirm = async (who) => {
  await who.at('withdraw-confirm').click();
  await who.state('withdraw-result', 'done');
  await who.at('withdraw-close').click();
};
const shows = (who, testid, words) => who.page.waitForFunction(([id, text]) => document.querySelector(`[data-testid=${id}]`)?.textContent.includes(text), [testid, words]);

test('after a reload and a refusal the page says what remains, and erases it', async (t) => {
  const { service, host, guest } = await meeting(t);
  await recorded(host, guest);
  await rejoin(guest);
  await guest.at('prompt-earlier').waitFor();
  await guest.at('prompt-refuse').click();
  await guest.state('approval-status', 'refused');
  await guest.at('approval-remains').waitFor();
  await guest.at('withdraw').click();
  await confirm(guest);
  assert.equal(withdrawals(service).length, 1);
  await guest.state('approval-status', 'withdrawn');
  assert.equal(await guest.at('withdraw').isVisible(), false);
  assert.equal(await guest.at('approval-remains').isVisible(), false);
});

for (const [lang, words] of [['en', 'did not see that anything of you was recorded'], ['de', 'hat dieser Browser nicht gesehen']]) test(`where no take was seen, nothing is said to be kept; taking back is offered all the same (${lang})`, async (t) => {
  const { service, host, guest } = await meeting(t, ['Jonas'], { lang });
  await host.ask('Minutes'); await guest.approve('audio');
  await rejoin(guest);
  await guest.at('prompt-earlier').waitFor();
  await shows(guest, 'prompt-earlier', words);
  await guest.at('prompt-refuse').click();
  await guest.state('approval-status', 'refused');
  assert.equal(await guest.at('approval-remains').isVisible(), false);
  await guest.at('withdraw').click();
  await confirm(guest);
  assert.equal(withdrawals(service).length, 1);
});

for (const [lang, words] of [['en', 'The whole recording was deleted on'], ['de', 'Die ganze Aufzeichnung wurde am']]) test(`of a recording that was deleted meanwhile nothing is said to be kept, nor offered to be taken back (${lang})`, async (t) => {
  const { service, host, guest } = await meeting(t, ['Jonas'], { lang });
  await recorded(host, guest);
  const recording = await guest.at('home-withdraw').getAttribute('data-recording');
  await host.at('stop-recording').click();
  await guest.state('recording-sign', 'off');
  await service.deleteRecording(recording, 'recording_deleted');
  await guest.page.reload();
  await shows(guest, 'take-home', words);
  assert.equal(await guest.at('home-withdraw').count(), 0);
  await guest.page.waitForSelector('html[data-ready="true"]');
  await guest.at('join-submit').click(); await guest.at('meeting').waitFor();
  assert.deepEqual([await guest.at('withdraw').isVisible(), await guest.at('approval-remains').isVisible()], [false, false]);
});

test('a recording that is deleted while the page is open is found out when one takes back, and that is said instead', async (t) => {
  const { service, host, guest } = await meeting(t);
  await recorded(host, guest);
  const recording = await guest.at('home-withdraw').getAttribute('data-recording');
  await host.at('stop-recording').click();
  await guest.state('recording-sign', 'off');
  await service.deleteRecording(recording, 'recording_deleted');
  await guest.at('withdraw').click(); await guest.at('withdraw-confirm').click();
  await guest.state('withdraw-result', 'deleted');
  await shows(guest, 'withdraw-result', 'by its host');
  await guest.at('withdraw-close').click();
  await guest.at('withdraw').waitFor({ state: 'hidden' });
});

test('the prompt itself offers to take back what was approved before it', async (t) => {
  const { service, host, guest } = await meeting(t);
  await recorded(host, guest);
  await rejoin(guest);
  await guest.at('prompt-withdraw').click();
  await confirm(guest);
  assert.equal(withdrawals(service).length, 1);
  assert.equal(await guest.at('prompt').count(), 0, 'this key cannot approve this recording again');
});

test('after the host has stopped, an approval can still be taken back in the meeting', async (t) => {
  const { service, host, guest } = await meeting(t);
  await recorded(host, guest);
  await host.at('stop-recording').click();
  await guest.state('recording-sign', 'off');
  await guest.at('withdraw').click();
  await confirm(guest);
  assert.equal(withdrawals(service).length, 1);
  assert.equal(await guest.at('withdraw').isVisible(), false);
});

test('after leaving, and when coming back later, an approval can be taken back without a file', async (t) => {
  const { service, host, guest, link } = await meeting(t);
  await recorded(host, guest);
  await guest.at('leave').click(); await guest.at('left').waitFor();
  await guest.at('home-withdraw').waitFor();
  await guest.page.goto('about:blank');
  await guest.open(link);
  await guest.at('home-withdraw').click();
  await confirm(guest);
  const [{ envelope }] = withdrawals(service);
  assert.equal((await openStatement('withdrawal', envelope)).body.advance, true, 'the one that lay in the key file');
  await shows(guest, 'take-home', 'taken back since');
  assert.equal(await guest.at('home-withdraw').count(), 0);
});

test('a withdrawal marks every approval of that recording, not only the last', async (t) => {
  const { host, guest } = await meeting(t);
  await recorded(host, guest);
  await rejoin(guest);
  await guest.approve('audio', 'video');
  assert.equal(await guest.at('receipt-download').count(), 2);
  await guest.at('withdraw').click();
  await confirm(guest);
  await guest.page.waitForFunction(() => document.querySelector('[data-testid=take-home]').textContent.match(/taken back since/g)?.length === 2);
  assert.match(await guest.at('take-home').textContent(), /\d:\d\d:\d\d/, 'with seconds, so that they can be told apart');
});

test('without names the host sees how many approved and refused, never who; and the prompt says so', async (t) => {
  const { host, guests: [jonas, ada] } = await meeting(t, ['Jonas', 'Ada']);
  await host.ask('Minutes'); await host.approve('audio');
  assert.match(await jonas.at('prompt-refusals').textContent(), /only how many.*meeting of two/s);
  await ada.approve('audio');
  await jonas.at('prompt-refuse').click();
  await shows(host, 'answers-table', '2 of 3 have approved, 1 refused');
  await shows(host, 'gate-state', '2 of 3 have approved');
  assert.equal((await host.at('gate-state').textContent()).includes('Jonas'), false);
  const answers = await host.page.$$eval('[data-testid=answer-row]', (rows) => rows.map(({ dataset }) => dataset.answer).sort());
  assert.deepEqual(answers, ['approved', 'hidden', 'hidden'], "the host's own, and nobody else's");
  assert.equal((await ada.at('recording-sign').textContent()).includes('Jonas'), false);
  await host.at('host-note').waitFor();
  await jonas.at('prompt-again').click(); await jonas.approve('audio');
  await host.state('gate-state', 'open');
  await host.at('host-note').waitFor({ state: 'hidden' });
  assert.deepEqual(await host.page.$$eval('[data-testid=answer-row]', (rows) => rows.map(({ dataset }) => dataset.answer)), ['approved', 'approved', 'approved']);
});

test('with names the host sees each answer as it comes in; and the prompt says so', async (t) => {
  const { host, guests: [jonas, ada] } = await meeting(t, ['Jonas', 'Ada']);
  await host.at('request-open').click();
  await host.at('request-purpose').fill('Minutes'); await host.at('request-names-refusals').check(); await host.at('request-submit').click();
  await host.approve('audio');
  assert.match(await jonas.at('prompt-refusals').textContent(), /with names/);
  await jonas.at('prompt-refuse').click();
  await shows(host, 'host-note', 'Jonas');
  await shows(host, 'gate-state', 'Ada');
  assert.equal((await ada.at('prompt').count()), 1);
  const answers = await host.page.$$eval('[data-testid=answer-row]', (rows) => rows.map(({ dataset }) => dataset.answer));
  assert.deepEqual(answers, ['approved', 'refused', 'none']);
});

for (const lang of ['en', 'de']) test(`the host's answers stay inside the window at every width (${lang})`, async (t) => {
  const { host, guest } = await meeting(t, ['Wilhelmine-Charlotte von Hohenlohe-Waldenburg-Schillingsfürst'], { lang });
  await host.ask('Protokoll'); await host.approve('audio');
  await guest.at('prompt-refuse').click();
  await host.at('host-note').waitFor();
  for (const width of [1280, 900, 360]) {
    await host.page.setViewportSize({ width, height: 800 });
    const [wide, inner] = await host.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(wide <= inner, `${wide} px at ${width}`);
    const outside = await host.page.$$eval('[data-testid=answers-table] :is(th, td, caption, span)', (cells) => {
      const table = cells[0].closest('section').getBoundingClientRect();
      return cells.map((cell) => [cell.textContent, cell.getBoundingClientRect().right - table.right]).filter(([, over]) => over > 0);
    });
    assert.deepEqual(outside, [], `at ${width}`);
    if (process.env.UNAVOCE_SHOTS) await host.page.screenshot({ path: join(process.env.UNAVOCE_SHOTS, `answers-${lang}-${width}.png`), fullPage: true });
  }
});

test('less may be recorded from now on, at once and without a new question', async (t) => {
  const { service, host, guest } = await meeting(t);
  await host.ask('Minutes'); await host.approve('audio'); await guest.approve('audio', 'video');
  await guest.state('recording-sign', 'recording');
  await guest.at('change-scope').click();
  assert.equal(await guest.at('change-scope-video').isChecked(), true, 'shows what holds now');
  await guest.at('change-scope-video').uncheck();
  await guest.at('change-submit').click();
  await guest.at('change-dialog').waitFor({ state: 'hidden' });
  const [sent] = withdrawals(service);
  const { body } = await openStatement('withdrawal', sent.envelope);
  assert.deepEqual([body.kinds, body.advance], [['video'], false]);
  assert.equal(await guest.at('recording-sign').getAttribute('data-state'), 'recording');
  await guest.at('change-scope').click();
  assert.equal(await guest.at('change-scope-video').isChecked(), false);
});

test('after a reload less is a new approval, also if receipt and key file were saved: a withdrawal could leave nothing of one that nobody here knows, and erase the past', async (t) => {
  const { service, host, guest } = await meeting(t);
  await recorded(host, guest);
  for (const file of ['receipt', 'keyfile']) await guest.save(`${file}-download`, join(folder, `${Math.random()}`));
  await guest.at('take-home-forget').waitFor();
  await rejoin(guest);
  await guest.approve('audio', 'video');
  await guest.at('change-scope').click();
  await guest.at('change-scope-audio').uncheck();
  await guest.at('change-submit').click();
  await guest.at('change-dialog').waitFor({ state: 'hidden' });
  const approvals = await Promise.all(service.posted.filter(({ kind }) => kind === 'approval').map(({ envelope }) => openStatement('approval', envelope)));
  assert.deepEqual(approvals.slice(-2).map(({ body }) => body.scope), [['audio', 'video'], ['video']]);
  assert.equal(new Set(approvals.slice(1).map(({ body }) => body.key)).size, 1, 'the key is the one from before');
  assert.equal(withdrawals(service).length, 0);
});

test('more, and nothing at all, is a new approval', async (t) => {
  const { service, host, guest } = await meeting(t);
  await host.ask('Minutes'); await host.approve('audio'); await guest.approve('audio');
  await guest.state('recording-sign', 'recording');
  for (const [kind, scope] of [['video', ['audio', 'video']], ['nothing', []]]) {
    await guest.at('change-scope').click();
    await guest.at(`change-scope-${kind}`).check();
    await guest.at('change-submit').click();
    await guest.at('change-dialog').waitFor({ state: 'hidden' });
    await guest.state('approval-status', 'approved');
    const last = service.posted.filter(({ kind }) => kind === 'approval').at(-1);
    assert.deepEqual((await openStatement('approval', last.envelope)).body.scope, scope);
  }
  assert.equal(withdrawals(service).length, 0);
});

test('a host removes somebody who does not answer, and recording goes on without them', async (t) => {
  const { host, guests: [jonas, late] } = await meeting(t, ['Jonas', 'Lena']);
  await host.ask('Minutes'); await host.approve('audio'); await jonas.approve('audio');
  await host.at('answer-row').filter({ hasText: 'Lena' }).getByTestId('remove').click();
  await host.at('remove-confirm').click();
  await late.at('left').waitFor();
  assert.equal(await late.page.locator('dialog').count(), 0, 'no question is left that nobody can answer');
  assert.match(await late.at('left').textContent(), /A host ended your part/);
  await Promise.all([host, jonas].map((who) => who.state('recording-sign', 'recording')));
  await late.page.waitForTimeout(1500);
  assert.equal(await host.at('answer-row').count(), 2, 'the page does not come back by itself');
});

test('the focus stays on "Remove" while answers come in, also behind the question, and is not lost with the person', async (t) => {
  const { host, guests: [jonas] } = await meeting(t, ['Jonas', 'Lena']);
  await host.ask('Minutes'); await host.approve('audio');
  const button = host.at('answer-row').filter({ hasText: 'Lena' }).getByTestId('remove');
  const focused = () => host.page.evaluate(() => document.activeElement.getAttribute('aria-label') ?? document.activeElement.id);
  await button.focus();
  const label = await focused();
  assert.match(label, /Lena/);
  await jonas.at('prompt-refuse').click();
  await shows(host, 'answers-table', '1 refused');
  assert.equal(await focused(), label);
  await button.press('Enter');
  await host.at('remove-dialog').waitFor();
  await jonas.at('prompt-again').click(); await jonas.approve('audio');
  await shows(host, 'answers-table', '2 of 3');
  await host.at('remove-cancel').click();
  assert.equal(await focused(), label, 'the dialog gives it back');
  await button.press('Enter');
  await host.at('remove-confirm').click();
  await host.page.waitForFunction(() => document.querySelectorAll('[data-testid=answer-row]').length === 2);
  assert.equal(await focused(), 'host-panel-title');
});

test('where a withdrawal erases whole takes, the prompt and the withdrawal say so; elsewhere they do not', async (t) => {
  for (const wholeTakes of [true, false]) {
    const { host, guest } = await meeting(t, ['Jonas'], {}, { wholeTakes });
    await host.ask('Minutes');
    await guest.at('prompt').waitFor();
    assert.equal((await guest.at('prompt').textContent()).includes('everything recorded while you were there'), wholeTakes);
    await host.approve('audio'); await guest.approve('audio');
    for (const button of ['withdraw', 'home-withdraw']) {
      await guest.at(button).click();
      assert.equal(await guest.at('withdraw-whole-takes').count(), wholeTakes ? 1 : 0);
      await guest.at('withdraw-cancel').click();
    }
  }
});
