// A meeting for the tests of the pages: a room with its host and guests in it, at the test double.
import { join } from 'node:path';
import { load } from './bundle.mjs';
import { person } from './browser.mjs';

const { MockService } = await load('tests/web/mock/service.ts');
const { openStatement } = await load('web/src/core/dsse.ts');

/** A room with its host and guests in the meeting. */
export async function met(t, { browser, built, folder }, { guests = ['Jonas'], lies = {}, room = {}, ice = [], prepare = () => {} } = {}) {
  const service = await MockService.start(built);
  t.after(() => service.stop());
  const host = await person(browser);
  await prepare(host);
  const key = join(folder, `${Math.random()}.key`);
  await host.register(service.base);
  const link = await host.createRoom('Choir board', key, room);
  Object.assign(service.lies, lies);
  service.ice = ice;
  await host.join(link, 'Miriam');
  const others = [];
  for (const name of guests) { const guest = await person(browser); await prepare(guest); await guest.join(link, name); others.push(guest); }
  t.after(() => Promise.all([host, ...others].map(({ context }) => context.close())));
  return { service, host, guests: others, guest: others[0], link, key };
}

/** What was posted of one kind, opened. */
export const statements = (service, kind) => Promise.all(service.posted.filter((posted) => posted.kind === kind).map(async (posted) => ({ ...posted, ...(await openStatement(kind, posted.envelope)) })));
