// Sends a statement until the service acknowledges it: a withdrawal must not be lost to a bad connection.
import { api, Problem, type Accepted } from "./api.ts";

const RESEND_MS = [500, 1_000, 2_000, 5_000, 10_000];
const PASSING = new Set([408, 429]);

/** Only a refusal by the service's rules (4xx other than "too many" and "too slow") ends the attempts. */
export async function submitUntilAcknowledged(envelope: string): Promise<Accepted> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await api.submit(envelope);
    } catch (error) {
      if (error instanceof Problem && error.status >= 400 && error.status < 500 && !PASSING.has(error.status)) throw error;
      await new Promise((resolve) => setTimeout(resolve, RESEND_MS[Math.min(attempt, RESEND_MS.length - 1)]));
    }
  }
}
