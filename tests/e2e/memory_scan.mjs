// node memory_scan.mjs PID < needles: which of the needles (hex, one per line) lie in the process's memory? Prints the line numbers of those found,
// as JSON, and which mappings hold code that was made while it ran (the unit forbids that: MemoryDenyWriteExecute).
// Needs the right to read /proc/PID/mem: unavoced forbids that to its own user (PR_SET_DUMPABLE), so this runs as root.
import { openSync, readFileSync, readSync } from 'node:fs';

const pid = Number(process.argv[2]);
const needles = readFileSync(0, 'utf8').trim().split('\n').map((line) => Buffer.from(line, 'hex'));
const overlap = Math.max(...needles.map((needle) => needle.length)) - 1;
const memory = openSync(`/proc/${pid}/mem`, 'r');
const found = new Set();
const made_code = [];
let bytes_read = 0;
for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').trim().split('\n')) {
  const [range, rights, , , , name] = line.split(/\s+/);
  if (/w.?x/.test(rights) || (rights.includes('x') && (!name || /^(\/memfd:|\[heap|\[anon|.*orcexec)/.test(name)))) made_code.push(line);
  if (!rights.startsWith('r') || name === '[vvar]' || name === '[vsyscall]') continue;
  const [start, end] = range.split('-').map((text) => Number.parseInt(text, 16));
  const block = Buffer.alloc(Math.min(end - start, 4 << 20) + overlap);
  for (let at = start; at < end; at += block.length - overlap) {
    let got;
    try { got = readSync(memory, block, 0, Math.min(block.length, end - at), at); } catch { break; }  // a mapping that went away, or a device
    bytes_read += got;
    needles.forEach((needle, index) => { if (block.subarray(0, got).includes(needle)) found.add(index); });
  }
}
console.log(JSON.stringify({ found: [...found].sort((a, b) => a - b), bytes_read, made_code }));
