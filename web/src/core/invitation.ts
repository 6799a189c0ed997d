// The invitation link `<base>/r/<room id>#<fingerprint of the room's signing key>` (FORMATS.md section 3).
import { fromBase64url, sha256, toBase64url } from "./bytes.ts";

export interface Invitation { room: string; fingerprint: string | null }

export async function fingerprintOf(signingKey: string): Promise<string> {
  return toBase64url(await sha256(fromBase64url(signingKey)));
}

export async function invitationLink(base: string, room: string, signingKey: string): Promise<string> {
  return `${base}/r/${room}#${await fingerprintOf(signingKey)}`;
}

/** Reads path and fragment of an address; null when it is no invitation, fingerprint null when it has none. */
export function parseInvitation(path: string, fragment: string): Invitation | null {
  const room = /^\/r\/([0-9a-f]{32})\/?$/.exec(path)?.[1];
  if (room === undefined) return null;
  const fingerprint = /^#?([A-Za-z0-9_-]{43})$/.exec(fragment)?.[1] ?? null;
  return { room, fingerprint };
}
