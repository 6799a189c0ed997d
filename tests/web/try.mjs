// A tour for the eye: node tests/web/try.mjs FOLDER [en|de] [wide|narrow] [dark] takes pictures of a whole meeting with the test double.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { load, pages } from './bundle.mjs';
import { launch, person } from './browser.mjs';

const [folder, lang = 'en', size = 'wide', shade = 'light'] = process.argv.slice(2, 6);
process.argv.length = 2;
mkdirSync(folder, { recursive: true });
const { MockService } = await load('tests/web/mock/service.ts');
const service = await MockService.start(await pages());
const browser = await launch();
const look = { lang, dark: shade === 'dark', ...(size === 'wide' ? { width: 1280, height: 860 } : { width: 390, height: 844 }) };
const host = await person(browser, look);
let number = 0;
const picture = (who, name) => who.page.screenshot({ path: join(folder, `${String(++number).padStart(2, '0')}-${name}.png`), fullPage: name !== 'meeting' });
try {
  await host.open(`${service.base}/`);
  await picture(host, 'start');
  await host.register(service.base);
  await picture(host, 'host-empty');
  await host.at('room-new').click(); await host.at('room-title').fill('Choir board'); await host.at('room-holder').fill('Miriam'); await picture(host, 'room-new');
  await host.at('room-create').click(); await host.at('room-key-download').waitFor(); await picture(host, 'room-key');
  await host.save('room-key-download', join(folder, 'room.key')); await host.at('room-key-confirm').click();
  await host.at('room-card').waitFor(); await picture(host, 'host');
  const link = await host.at('room-invite-link').inputValue();
  await host.join(link, 'Miriam');
  const guest = await person(browser, look);
  await guest.open(`${link.slice(0, -1)}_`); await picture(guest, 'wrong-fingerprint');
  await guest.page.goto('about:blank');
  await guest.open(link); await guest.page.waitForTimeout(500); await picture(guest, 'join');
  await guest.join(link, 'Jonas Weber');
  await guest.page.waitForTimeout(2500); await picture(guest, 'meeting');
  await host.at('request-open').click(); await picture(host, 'request'); await host.at('request-cancel').click();
  await host.ask('Minutes of the board meeting, so that absent members can follow it.');
  await guest.at('prompt').waitFor(); await picture(guest, 'prompt');
  await host.approve('audio', 'video'); await picture(host, 'waiting');
  await guest.approve('audio'); await guest.state('recording-sign', 'recording'); await picture(guest, 'recording'); await picture(host, 'host-recording');
  await guest.at('withdraw').click(); await picture(guest, 'withdraw');
  await guest.at('withdraw-confirm').click(); await guest.state('withdraw-result', 'done'); await picture(guest, 'withdrawn');
  await guest.page.keyboard.press('Escape'); await guest.at('leave').click(); await guest.at('left').waitFor(); await picture(guest, 'left');
  await guest.open(`${service.base}/withdraw`); await picture(guest, 'withdraw-page');
  await guest.open(`${service.base}/privacy`); await picture(guest, 'privacy');
} finally {
  console.log('host:', host.complaints, 'at', host.page.url());
  await browser.close();
  service.stop();
}
