// Chromium for the tests of the pages: one browser, a context per person, fake camera and microphone.
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

export const axePath = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

// The shell is the same engine without a browser around it, which nobody sees here: half of the time. tests/e2e/ has the whole browser.
export const launch = () => chromium.launch({
  executablePath: process.env.UNAVOCE_CHROMIUM ?? '/usr/bin/chromium-headless-shell', headless: true,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
    '--allow-loopback-in-peer-connection', '--disable-features=WebRtcHideLocalIpsWithMdns', '--use-fake-ui-for-media-stream',
    // Nobody watches: 20 frames per second cost a fifth of these tests' time.
    '--use-fake-device-for-media-stream=fps=5',
    '--auto-select-desktop-capture-source=Entire screen'],
});

/** Keeps, in the page's `configurations`, what each of its RTCPeerConnections was made with. */
export const keepsConfigurations = ({ page }) => page.addInitScript(() => {
  window.configurations = [];
  window.RTCPeerConnection = class extends window.RTCPeerConnection {
    constructor(configuration) { super(configuration); window.configurations.push(configuration); }
  };
});
export const relay = { urls: 'turn:127.0.0.1:3478?transport=udp', username: '1800000000:0123456789abcdef', credential: 'aGyhR2LYRi/r4FueKCkU+RUU7hU=' };

/** A person: own context (own cookies and keys), own page. Complaints collects what the page's console calls an error. */
export async function person(browser, { lang = 'en', width = 1200, height = 850, dark = false } = {}) {
  const context = await browser.newContext({ locale: lang === 'de' ? 'de-DE' : 'en-GB', viewport: { width, height }, colorScheme: dark ? 'dark' : 'light', acceptDownloads: true, reducedMotion: 'reduce' });
  context.setDefaultTimeout(10000);
  return inTab(context, await context.newPage());
}

/** The tab that a browser's "Duplicate" opens: the same person and browser, with a copy of what the tab kept for itself. */
export async function duplicate({ context, page }) {
  const kept = await page.evaluate(() => ({ ...sessionStorage }));
  const copy = await context.newPage();
  await copy.addInitScript((entries) => { for (const [name, value] of Object.entries(entries)) if (sessionStorage.getItem(name) === null) sessionStorage.setItem(name, value); }, kept);
  return inTab(context, copy);
}

/** Another tab of the same browser, which kept nothing yet. */
export const anotherTab = async ({ context }) => inTab(context, await context.newPage());

function inTab(context, page) {
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(String(error.stack ?? error)));
  page.on('console', (line) => line.type() === 'error' && complaints.push(line.text()));
  const at = (testid) => page.getByTestId(testid);
  return {
    context, page, at, complaints,
    async open(url) { await page.goto(url); await page.waitForSelector('html[data-ready="true"]'); },
    async save(testid, path) { const [download] = await Promise.all([page.waitForEvent('download'), at(testid).click()]); await download.saveAs(path); return path; },
    state: (testid, state) => page.waitForSelector(`[data-testid="${testid}"][data-state="${state}"]`, { state: 'attached' }),
    async register(base) {
      await this.open(`${base}/`);
      await at('register-user').fill('Miriam'); await at('register-email').fill('m@example.org'); await at('register-password').fill('correct horse battery');
      await at('register-submit').click();
      await page.waitForURL('**/host'); await at('room-new').waitFor();
    },
    async createRoom(title, keyPath, { passphrase, conference, lobby, wholeTakes } = {}) {
      await at('room-new').click(); await at('room-title').fill(title); await at('room-holder').fill('Miriam');
      if (passphrase || conference || lobby || wholeTakes) await at('room-options').locator('summary').click();
      if (wholeTakes) await at('room-whole-takes').check();
      if (lobby) await at('room-lobby').check();
      if (conference) await at('room-conference').fill(conference);
      if (passphrase) { await at('room-passphrase').fill(passphrase); await at('room-passphrase-repeat').fill(passphrase); }
      await at('room-create').click();
      await this.save('room-key-download', keyPath);
      await at('room-key-confirm').click();
      await at('room-card').waitFor();
      return at('room-invite-link').inputValue();
    },
    async join(link, name) { await this.knock(link, name); await at('meeting').waitFor(); },
    /** Joins a meeting, or waits in front of its door. */
    async knock(link, name) {
      await this.open(link);
      await at('join-name').fill(name);
      if (await at('join-privacy').count()) await at('join-privacy').check();
      await at('join-submit').click();
    },
    async ask(purpose) { await at('request-open').click(); await at('request-purpose').fill(purpose); await at('request-submit').click(); await at('prompt').waitFor(); },
    async approve(...kinds) {
      await at('prompt').waitFor();
      for (const kind of kinds) await at(`prompt-scope-${kind}`).check();
      await at('prompt-approve').click(); await this.state('approval-status', 'approved');
    },
  };
}
