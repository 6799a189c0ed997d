// The meeting that all tests of a file are about: gathered before the first one, ended after the last one.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { Meeting } from './meeting.mjs';

/**
 * `play` gets the meeting and does what comes before the tests; when it fails, it is said, too, what the service and the pages complained of.
 * `end` comes before the meeting's end. Its folder goes away with it, unless UNAVOCE_KEEP is set.
 */
export function scene(name, options, play, end = async () => {}) {
  let folder, meeting;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), `unavoce-${name}-`));
    meeting = await Meeting.gather(folder, options);
    try {
      await play(meeting);
    } catch (error) {
      error.message += `\n${meeting.complaints()}`;
      throw error;
    }
  }, { timeout: 180000 });
  after(async () => {
    await end();
    await meeting?.end();
    if (folder && !process.env.UNAVOCE_KEEP) await rm(folder, { recursive: true, force: true });
  }, { timeout: 30000 });
}
