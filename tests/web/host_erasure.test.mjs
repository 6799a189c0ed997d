// A host erases one recording on the list: asked first what is lost and for whom, and those who were recorded are told afterwards.
import test from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pages } from './bundle.mjs';
import { launch, person } from './browser.mjs';
import { recorded } from './recorded.mjs';

const built = await pages();
const folder = mkdtempSync(join(tmpdir(), 'unavoce-host-erasure-'));
const browser = await launch();
test.after(async () => { await browser.close(); rmSync(folder, { recursive: true }); setTimeout(() => process.exit(), 500).unref(); });

const shot = ({ page }, name) => (process.env.UNAVOCE_PICTURES ? page.screenshot({ path: join(process.env.UNAVOCE_PICTURES, `${name}.png`), fullPage: true }) : undefined);
const WORDS = {
  en: { lost: /everybody.*keys.*signed.*everybody else who can open it.*own part.*downloaded/s, done: /Erased: “Minutes”/, refused: /has not ended yet/, gone: /was deleted on .*, by its host\. Nothing of you is left/ },
  de: { lost: /von allen.*Schlüssel.*unterschrieben.*öffnen können.*eigenen Teil.*heruntergeladen/s, done: /Gelöscht: „Minutes“/, refused: /noch nicht beendet/, gone: /wurde am .* gelöscht, vom Gastgeber\. Von Ihnen ist hier nichts mehr/ },
};

/** A sealed recording, its host in front of the list, and the key file of a participant. */
async function listed(t, look) {
  const all = await recorded(t, { browser, built, folder }, { look });
  const keyFile = await all.guest.save('keyfile-download', join(folder, `${Math.random()}.unavoce-key.txt`));
  await all.host.open(`${all.service.base}/host`);
  await all.host.at('recording-item').waitFor();
  return { ...all, keyFile };
}

for (const [lang, words] of Object.entries(WORDS)) test(`a recording is erased after the host was told what is lost for whom; who was recorded reads that it is gone (${lang})`, async (t) => {
  const { service, host, keyFile } = await listed(t, { lang });
  await host.at('recording-erase').click();
  assert.match(await host.at('recording-erase-dialog').textContent(), words.lost);
  await shot(host, `erase-dialog-${lang}`);
  await host.at('recording-erase-cancel').click();
  assert.equal(await host.page.evaluate(() => document.activeElement.dataset.testid), 'recording-erase', 'the dialog gives the focus back');
  assert.equal(await host.at('recording-item').count(), 1, 'whoever cancels erases nothing');

  await host.at('recording-erase').press('Enter'); await host.at('recording-erase-confirm').press('Enter');
  await host.at('recording-item').waitFor({ state: 'detached' });
  await host.page.waitForFunction((pattern) => new RegExp(pattern).test(document.querySelector('[data-testid=recordings-status]').textContent), words.done.source);
  assert.equal(await host.at('recordings-status').getAttribute('role'), 'status', 'it is also spoken');
  await host.page.waitForFunction(() => document.activeElement.tagName === 'H1'); // the button that had the focus is gone
  await shot(host, `erase-done-${lang}`);

  const other = await person(browser, { lang });
  t.after(() => other.context.close());
  await other.open(`${service.base}/withdraw`);
  await other.at('withdraw-file').setInputFiles(keyFile);
  await other.state('withdraw-status', 'deleted');
  assert.match(await other.at('withdraw-status').textContent(), words.gone);
  assert.equal(await other.at('withdraw-send').count() + await other.at('own-part').count(), 0);
});

test('what the service refuses to erase stays on the list, and the dialog says why', async (t) => {
  const { service, host } = await listed(t, { lang: 'en' });
  service.lies.refuseErasing = 'not_ended';
  await host.at('recording-erase').click(); await host.at('recording-erase-confirm').click();
  await host.page.waitForFunction((pattern) => new RegExp(pattern).test(document.querySelector('[data-testid=recording-erase-error]').textContent), WORDS.en.refused.source);
  service.lies.refuseErasing = 'withdrawal_unfinished';
  await host.at('recording-erase-confirm').click();
  await host.page.waitForFunction(() => document.querySelector('[data-testid=recording-erase-error]').textContent.includes('took their approval back'));
  await host.page.keyboard.press('Escape');
  assert.equal(await host.at('recording-item').count(), 1);
  service.lies.refuseErasing = undefined;
});

test('a recording that goes on is not offered to be erased', async (t) => {
  const { service, host } = await listed(t, { lang: 'en' });
  for (const state of ['waiting', 'recording', 'paused']) {
    service.lies.recordings = service.lies.recordings.map((one) => ({ ...one, state }));
    await host.at('recordings-refresh').click();
    await host.page.waitForSelector(`[data-testid=recording-item][data-state=${state}]`);
    assert.equal(await host.at('recording-erase').count(), 0, state);
    assert.match(await host.at('recording-item').textContent(), /can be erased once it has ended/);
  }
});

for (const [lang, words] of [['en', 'is being erased'], ['de', 'wird gerade gelöscht']]) test(`a recording whose erasure was cut off is said to be on its way out; it cannot be opened, and erasing it goes on (${lang})`, async (t) => {
  const { service, host } = await listed(t, { lang });
  service.lies.recordings = service.lies.recordings.map((one) => ({ ...one, state: 'erasing' }));
  await host.at('recordings-refresh').click();
  await host.page.waitForSelector('[data-testid=recording-item][data-state=erasing]');
  assert.ok((await host.at('recording-item').textContent()).includes(words));
  assert.equal(await host.at('recording-open').count(), 0);
  await host.at('recording-erase').click(); await host.at('recording-erase-confirm').click();
  await host.at('recording-item').waitFor({ state: 'detached' });
  await host.page.waitForFunction((pattern) => new RegExp(pattern).test(document.querySelector('[data-testid=recordings-status]').textContent), WORDS[lang].done.source);
});

for (const code of ['not_found', 'gone']) test(`a recording that went before the host erased it is gone from the list, and no failure (${code})`, async (t) => {
  const { service, host } = await listed(t, { lang: 'en' });
  service.lies.refuseErasing = code;
  await host.at('recording-erase').click();
  service.lies.recordings = [];
  await host.at('recording-erase-confirm').click();
  await host.at('recording-item').waitFor({ state: 'detached' });
  await host.page.waitForFunction((pattern) => new RegExp(pattern).test(document.querySelector('[data-testid=recordings-status]').textContent), WORDS.en.done.source);
});
