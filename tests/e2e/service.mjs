// unavoced as a program: on a free port, with a data folder, temp folder and working folder of its own, so that all it writes can be found.
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { until } from './command.mjs';

const ROOT = resolve(new URL('../..', import.meta.url).pathname);
const BUILD = resolve(ROOT, process.env.UNAVOCE_BUILD ?? 'build/ci');
export const UNAVOCE = join(BUILD, 'cli/unavoce');

export class Service {
  /** Starts unavoced; everything it writes is in folder. */
  static async start(folder, flags = []) {
    const service = new Service(folder);
    await service.start(flags);
    return service;
  }

  constructor(folder) {
    Object.assign(this, { folder, data: join(folder, 'data'), temp: join(folder, 'temp'), home: join(folder, 'home'), log: join(folder, 'unavoced.log') });
  }

  async start(flags = []) {
    await Promise.all([this.data, this.temp, this.home].map((path) => mkdir(path, { recursive: true })));
    this.child = spawn(join(BUILD, 'server/unavoced'), ['--data', this.data, '--port', this.base ? new URL(this.base).port : '0', '--web-root', join(ROOT, 'build/pages'),
      ...(process.getuid() === 0 ? ['--allow-root'] : []), ...flags],
      { cwd: this.home, env: { PATH: process.env.PATH, TMPDIR: this.temp, HOME: this.home, LANG: 'C.UTF-8', XDG_CACHE_HOME: join(this.home, '.cache') }, stdio: ['ignore', 'pipe', 'pipe'] });
    const log = createWriteStream(this.log, { flags: 'a' });
    this.said = '';
    for (const stream of [this.child.stdout, this.child.stderr]) stream.on('data', (data) => { this.said += data; log.write(data); });
    this.ended = new Promise((resolve) => this.child.once('exit', (status, signal) => resolve(this.status = status ?? signal)));
    this.base = await until('unavoced prints its address', () => {
      if (this.status !== undefined) throw new Error(`unavoced ended with ${this.status}:\n${this.said}`);
      return /https?:\/\/[^\s"']+:\d+/.exec(this.said)?.[0];
    });
  }

  /** Starts it again at the same address with the same data. */
  async restart(flags = []) {
    this.status = undefined;
    await this.start(flags);
  }

  /** Milliseconds from the last approval to the first sealed frame of each track so far, as the service measured them. */
  latencies_ms() {
    return [...this.said.matchAll(/first frame of a track sealed (\d+) ms after the last approval/g)].map(([, ms]) => Number(ms));
  }

  /** How long the gate was open, each time. */
  open_spans_ms() {
    return [...this.said.matchAll(/gate closed after (\d+) ms/g)].map(([, ms]) => Number(ms));
  }

  /** Stops it as an operator would, or as a power cut would (signal SIGKILL); resolves to its exit status. */
  async stop(signal = 'SIGTERM') {
    if (this.status === undefined) this.child.kill(signal);
    const late = setTimeout(() => this.child.kill('SIGKILL'), 15000);
    const status = await this.ended;
    clearTimeout(late);
    return status;
  }
}
