// Withdrawals that a person confirmed and that the service has not acknowledged yet. Kept before they are sent, so that a closed tab loses
// none, in localStorage: that is written at once and works where IndexedDB does not. Such a withdrawal is no secret from the service.

/**
 * One for each recording and key, always the first that was sent: sending the same again takes effect once. `approvals`: what it takes back,
 * as far as this browser knows; `room`: null where it does not know; `delete_after_ms`: after that the service keeps nothing of the recording.
 */
export interface Unacknowledged { recording: string; key: string; room: string | null; envelope: string; approvals: string[]; delete_after_ms?: number | undefined }

const PREFIX = "unavoce.withdrawing.";
const nameOf = ({ recording, key }: Pick<Unacknowledged, "recording" | "key">): string => `${PREFIX}${recording}.${key}`;

/** Returns what is kept, which is what is to be sent. A browser that keeps nothing keeps nobody from taking back. */
export function keepUntilAcknowledged({ recording, key, room, envelope, approvals, delete_after_ms }: Unacknowledged): Unacknowledged {
  const name = nameOf({ recording, key });
  const known = read(name);
  const kept = known
    ? { ...known, room: known.room ?? room, approvals: [...new Set([...known.approvals, ...approvals])], delete_after_ms: known.delete_after_ms ?? delete_after_ms }
    : { recording, key, room, envelope, approvals, delete_after_ms };
  try {
    localStorage.setItem(name, JSON.stringify(kept));
  } catch (error) {
    console.warn("a withdrawal could not be kept:", error);
  }
  return kept;
}

/** The service has it, or all that it takes back is gone: there is nothing left to send. */
export function isDelivered(one: Pick<Unacknowledged, "recording" | "key">): void {
  localStorage.removeItem(nameOf(one));
}

/** The person confirmed that it is not to be sent any more. */
export const isGivenUp = isDelivered;

/** What is left to send. Of a recording whose time is over nothing is: the service may never have had the approval, and then never says that it is over. */
export function unacknowledged(): Unacknowledged[] {
  const names = Array.from({ length: localStorage.length }, (_, i) => localStorage.key(i));
  const all = names.flatMap((name) => (name?.startsWith(PREFIX) ? (read(name) ?? []) : []));
  const isOver = ({ delete_after_ms }: Unacknowledged): boolean => delete_after_ms !== undefined && delete_after_ms <= Date.now();
  all.filter(isOver).forEach(isDelivered);
  return all.filter((one) => !isOver(one));
}

/** The approvals that are being taken back. */
export const beingTakenBack = (): Set<string> => new Set(unacknowledged().flatMap(({ approvals }) => approvals));

function read(name: string): Unacknowledged | null {
  try {
    return JSON.parse(localStorage.getItem(name) ?? "null") as Unacknowledged | null;
  } catch {
    return null; // not written by us
  }
}
