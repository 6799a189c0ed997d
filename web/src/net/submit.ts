// Sends a statement until the service acknowledges it: a withdrawal must not be lost to a bad connection.
import { api, Problem, type Accepted } from "./api.ts";

const RESEND_MS = [500, 1_000, 2_000, 5_000, 10_000];
const PASSING = new Set([408, 429]);

/** Has a statement that is on its way sent once more at once: there is a connection again. */
export class Hurry {
  private wake: () => void = () => undefined;

  now(): void {
    this.wake();
  }

  /** Until then. */
  next(): Promise<null> {
    return new Promise((resolve) => { this.wake = () => resolve(null); });
  }
}

/**
 * Only a refusal by the service's rules (4xx other than "too many" and "too slow") ends the attempts. In a hurry neither a pause is waited for
 * nor an attempt that may hang on a connection that is gone: the same statement twice takes effect once.
 */
export async function submitUntilAcknowledged(envelope: string, hurry = new Hurry()): Promise<Accepted> {
  for (let attempt = 0; ; attempt++) {
    const hurried = hurry.next();
    try {
      const accepted = await Promise.race([api.submit(envelope), hurried]);
      if (accepted) return accepted;
      attempt = -1;
    } catch (error) {
      if (error instanceof Problem && error.status >= 400 && error.status < 500 && !PASSING.has(error.status)) throw error;
      const pause = new Promise<"over">((resolve) => setTimeout(() => resolve("over"), RESEND_MS[Math.min(attempt, RESEND_MS.length - 1)]));
      if ((await Promise.race([pause, hurried])) === null) attempt = -1;
    }
  }
}
