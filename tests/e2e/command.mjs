// Runs other programs: the tests' only way to ffmpeg, espeak-ng, age and unavoce. Errors carry what the program said.
import { spawn } from 'node:child_process';

/** Runs a program to its end. Resolves to {status, stdout: Buffer, stderr: string}; rejects only when it cannot be started. */
export function run(program, args, { input, env, cwd } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env: env ?? process.env, cwd });
    const out = [], err = [];
    child.stdout.on('data', (data) => out.push(data));
    child.stderr.on('data', (data) => err.push(data));
    child.stdin.on('error', () => {});  // A program may stop reading before we stop writing; its exit status tells.
    child.on('error', reject);
    child.on('close', (status, signal) => resolve({ status: status ?? `signal ${signal}`, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString() }));
    child.stdin.end(input ?? '');
  });
}

/** Runs a program that must succeed; resolves to its standard output. */
export async function must(program, args, options) {
  const { status, stdout, stderr } = await run(program, args, options);
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: exit ${status}\n${stderr}${stdout.subarray(0, 2000)}`);
  return stdout;
}

/** Waits until probe() gives something truthy, and returns it; names what was awaited when it never came. */
export async function until(what, probe, { timeout_ms = 15000, every_ms = 50 } = {}) {
  const end = Date.now() + timeout_ms;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited ${timeout_ms} ms in vain: ${what}`);
    await new Promise((wake) => setTimeout(wake, every_ms));
  }
}

export const pause = (ms) => new Promise((wake) => setTimeout(wake, ms));
