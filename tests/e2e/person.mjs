// One person at a screen: a Chromium of their own (its fake microphone is a file per process), and what they do on our pages.
// The handles (data-testid) are listed in web/README.md. Every method waits until what it did has shown its effect.
import { join } from 'node:path';
import { mkdir } from 'node:fs/promises';
import { chromium } from 'playwright-core';
import { cast, paint, speak } from './speech.mjs';
import { until } from './command.mjs';

const WITNESS = new URL('page_witness.js', import.meta.url).pathname;
const flags = (wav, y4m) => [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--allow-loopback-in-peer-connection',  // a machine whose only interface is lo
  '--disable-features=WebRtcHideLocalIpsWithMdns',  // .local candidates need a multicast responder
  '--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream', `--use-file-for-fake-audio-capture=${wav}`, `--use-file-for-fake-video-capture=${y4m}`,
];

export class Person {
  /** Starts the browser of a member of the cast; its files go to folder/<id>. */
  static async enter(id, folder, name = cast[id].name) {
    const own = join(folder, id);
    await mkdir(own, { recursive: true });
    const [wav, y4m] = await Promise.all([speak(id, own), paint(id, own)]);
    const browser = await chromium.launch({
      executablePath: process.env.UNAVOCE_CHROMIUM ?? '/usr/bin/chromium-headless-shell', args: flags(wav, y4m), headless: true,
      env: { ...process.env, TMPDIR: own },  // profiles stay out of the folders that the scan looks through
    });
    const context = await browser.newContext({ acceptDownloads: true, viewport: { width: 900, height: 700 }, locale: 'en-GB' });
    context.setDefaultTimeout(20000);
    await context.addInitScript({ path: WITNESS });
    const page = await context.newPage();
    return new Person(id, name, own, wav, browser, page);
  }

  constructor(id, name, folder, wav, browser, page) {
    Object.assign(this, { id, name, folder, wav, browser, page, complaints: [] });
    page.on('pageerror', (error) => this.complaints.push(`${this.name}: ${error.stack ?? error}`));
    // A page that gives its WHIP session back may find that the service already ended it: Chromium logs the 404.
    const harmless = (line) => line.text().includes('404') && line.location().url.includes('/whip/');
    page.on('console', (line) => line.type() === 'error' && !harmless(line) && this.complaints.push(`${this.name}: console: ${line.text()} (${line.location().url})`));
  }

  at(testid) { return this.page.getByTestId(testid); }
  click(testid) { return this.at(testid).click(); }

  /** Waits until a handle's data-state (or another data-…) is one of these. */
  async state(testid, wanted, { attribute = 'data-state', timeout_ms = 20000 } = {}) {
    const states = [wanted].flat();
    return until(`${this.name} sees ${testid} ${states.join(' or ')}`, async () => {
      const state = await this.at(testid).getAttribute(attribute, { timeout: 500 }).catch(() => null);
      return states.includes(state) && state;
    }, { timeout_ms });
  }

  async open(url) {
    await this.page.goto(url);
    await this.page.waitForSelector('html[data-ready="true"]');
  }

  async download(testid) {
    const [download] = await Promise.all([this.page.waitForEvent('download'), this.click(testid)]);
    const path = join(this.folder, download.suggestedFilename());
    await download.saveAs(path);
    return path;
  }

  // ---- what a host does

  async register(base) {
    await this.open(`${base}/`);
    await this.at('register-user').fill(this.id);
    await this.at('register-email').fill(`${this.id}@example.org`);
    await this.at('register-password').fill('correct horse battery staple');
    await this.click('register-submit');
    await this.page.waitForURL('**/host*');
    await this.page.waitForSelector('html[data-ready="true"]');
  }

  /** Creates a room and saves its key; returns {key, link, room}. */
  async create_room(title, { lobby = false } = {}) {
    await this.click('room-new');
    await this.at('room-title').fill(title);
    if (lobby) { await this.at('room-options').locator('summary').click(); await this.at('room-lobby').check(); }
    await this.at('room-holder').fill(this.name);
    await this.click('room-create');
    const key = await this.download('room-key-download');
    await this.click('room-key-confirm');
    const card = this.at('room-card');
    await card.waitFor();
    return { key, link: await this.at('room-invite-link').inputValue(), room: await card.getAttribute('data-room') };
  }

  async request_recording(purpose, kinds = ['audio', 'video', 'screen']) {
    await this.click('request-open');
    await this.at('request-purpose').fill(purpose);
    for (const kind of ['audio', 'video', 'screen']) await this.at(`request-scope-${kind}`).setChecked(kinds.includes(kind));
    await this.click('request-submit');
  }

  async stop_recording() { await this.click('stop-recording'); }

  // ---- what everybody does

  async join(link) {
    await this.knock(link);
    await this.at('meeting').waitFor();
  }

  /** Joins, or waits in front of the door of a room with a lobby. */
  async knock(link) {
    await this.open(link);
    await this.at('join-name').fill(this.name);
    if (await this.at('join-privacy').count()) await this.at('join-privacy').check();
    await this.click('join-submit');
  }

  /** Changes what may be recorded from now on. */
  async change(kinds) {
    await this.click('change-scope');
    for (const kind of ['audio', 'video']) await this.at(`change-scope-${kind}`).setChecked(kinds.includes(kind));
    await this.click('change-submit');
    await this.at('change-dialog').waitFor({ state: 'hidden' });
  }

  /** Waits for this many tiles of other people whose picture really plays. */
  sees(people) {
    return until(`${this.name} sees ${people} others`, () => this.page.evaluate((wanted) => [...document.querySelectorAll('[data-testid=tile]')]
      .filter((tile) => tile.dataset.self !== 'true' && tile.querySelector('video')?.videoWidth > 0).length >= wanted, people), { timeout_ms: 30000 });
  }

  async approve(kinds = ['audio', 'video']) {
    await this.at('prompt').waitFor();
    for (const kind of kinds) await this.at(`prompt-scope-${kind}`).check();
    if (kinds.length === 0) await this.at('prompt-scope-nothing').check();
    await this.click('prompt-approve');
    await this.state('approval-status', 'approved');
  }

  async refuse() {
    await this.at('prompt').waitFor();
    await this.click('prompt-refuse');
    await this.state('approval-status', 'refused');
  }

  async withdraw() {
    await this.click('withdraw');
    await this.click('withdraw-confirm');
    await this.state('withdraw-result', 'done');
  }

  async leave() { await this.click('leave'); }

  /** What this person's browser says it sent to the service: samples {at_ms, audio, video}, oldest first. */
  async sent() {
    const peers = await this.page.evaluate(() => window.__sent());
    return peers.filter((peer) => peer.whip).flatMap((peer) => peer.samples);
  }

  /** What the service told this page over the WebSocket: [{at_ms, message}] of one type, oldest first. */
  async heard(type) {
    const all = await this.page.evaluate(() => window.__heard);
    return all.filter(({ message }) => message.type === type);
  }

  async close() { await this.browser.close(); }
}

/** What was sent up to an instant after the last sample (the page closed the connection before it took another): as many as in the second before. */
function continued(known, kind, t) {
  const last = known.at(-1);
  const before = known.findLast(({ at_ms }) => at_ms <= last.at_ms - 1000) ?? known[0];
  const per_ms = last === before ? 0 : (last[kind] - before[kind]) / (last.at_ms - before.at_ms);
  return last[kind] + per_ms * (t - last.at_ms);
}

/** Frames sent between two instants (wall clock, ms), interpolated between the samples around them. */
export function sent_between(samples, kind, from_ms, to_ms) {
  const at = (t) => {
    const known = samples.filter((sample) => sample[kind] !== undefined);
    const after = known.findIndex((sample) => sample.at_ms >= t);
    if (after === 0) return 0;  // the connection is younger than that
    if (after < 0) return known.length > 0 ? continued(known, kind, t) : 0;
    const [a, b] = [known[after - 1], known[after]];
    return a[kind] + ((b[kind] - a[kind]) * (t - a.at_ms)) / (b.at_ms - a.at_ms);
  };
  return at(to_ms) - at(from_ms);
}
