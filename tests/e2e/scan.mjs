// Looks for known plaintext in everything a process wrote. The needles are pieces of the opened recording itself: if any 24 of its bytes in a row
// lie in the clear anywhere, sooner or later one of the pieces is hit; and fixed marks that every such file would have.
import { copyFile, mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** Every regular file below a folder. */
export async function files_below(folder) {
  const found = [];
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...(await files_below(path)));
    else if (entry.isFile()) found.push(path);
  }
  return found;
}

/** Pieces of a media file, spread evenly over it; runs of one value (silence, padding) are no evidence and are left out. */
export function needles_of(media, { count = 200, length = 24 } = {}) {
  const needles = [];
  const stride = Math.max(length, Math.floor((media.length - length) / count));
  for (let at = 0; at + length <= media.length; at += stride) {
    const piece = media.subarray(at, at + length);
    if (new Set(piece).size > length / 2) needles.push(piece);
  }
  return needles;
}

/** What a WebM or Matroska file in the clear cannot do without. */
export const CONTAINER_MARKS = ['OpusHead', 'V_VP8', 'A_OPUS', 'B\x82\x84webm'].map((mark) => Buffer.from(mark, 'latin1'));

/** Searches folders for needles; returns [{file, at, needle}], at most one hit per needle and file. */
export async function scan(folders, needles) {
  const hits = [];
  for (const folder of folders) {
    for (const file of await files_below(folder)) {
      const bytes = await readFile(file).catch(() => Buffer.alloc(0));
      for (const needle of needles) {
        const at = bytes.indexOf(needle);
        if (at >= 0) hits.push({ file: relative(folder, file), at, needle: needle.toString('hex') });
      }
    }
  }
  return hits;
}

/** Keeps copies of files that exist only for a moment (tails, temporary files): copies whatever is new or changed into a folder until stopped. */
export class Watch {
  constructor(folders, copies, every_ms = 100) {
    Object.assign(this, { folders, copies, seen: new Map(), rounds: 0, names: new Set() });
    this.running = this.run(every_ms);
  }

  async run(every_ms) {
    while (!this.stopped) {
      await this.round();
      await new Promise((wake) => setTimeout(wake, every_ms));
    }
  }

  async round() {
    const folder = join(this.copies, String(this.rounds++));
    for (const base of this.folders) {
      for (const file of await files_below(base)) {
        try {
          const { size, mtimeMs, ino } = await stat(file), version = `${ino}:${size}:${mtimeMs}`;
          if (this.seen.get(file) === version) continue;
          this.seen.set(file, version);
          this.names.add(file);
          await mkdir(folder, { recursive: true });
          await copyFile(file, join(folder, relative(base, file).replaceAll('/', '_')));
        } catch { /* gone between listing and copying: the next round sees its successor */ }
      }
    }
  }

  /** Ends the watch; resolves to the names of all files ever seen. */
  async stop() {
    this.stopped = true;
    await this.running;
    await this.round();
    return [...this.names];
  }
}
