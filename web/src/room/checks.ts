// What this page checks before it believes: the room against the link, a request against the room, a take against the approvals.
// Throws BadSignature or Malformed; a false answer is an alarm for people, not a log line.
import { openText, recipientOf } from "../core/age.ts";
import { BadSignature, openStatement, type Signed } from "../core/dsse.ts";
import { Malformed, sha256, toHex } from "../core/bytes.ts";
import { fingerprintOf } from "../core/invitation.ts";
import { shortCode } from "../core/short_code.ts";
import type { Approval, Request, Room, Take } from "../core/statements.ts";
import { parseWrapped } from "../core/wrapped.ts";
import type { RequestNotice } from "../net/messages.ts";
import type { TakeSeen } from "./state.ts";

/** The room's statement, signed by the key whose fingerprint the invitation carries. */
export async function checkRoom(envelope: string, roomId: string, fingerprint: string): Promise<Signed<Room>> {
  const room = await openStatement("room", envelope);
  if (room.body.room !== roomId) throw new Malformed("the statement is about another room");
  if ((await fingerprintOf(room.body.signing_key)) !== fingerprint) throw new BadSignature("the room is signed by another key than the invitation says");
  return room;
}

/** The room's next statement: the version after the one this page knows, naming it, by the same key. */
export async function checkNextRoom(envelope: string, known: Signed<Room>, fingerprint: string): Promise<Signed<Room>> {
  const room = await checkRoom(envelope, known.body.room, fingerprint);
  if (room.body.version !== known.body.version + 1 || room.body.previous !== known.id) throw new Malformed("the room's new statement does not continue the one this page knows");
  return room;
}

/** The room's statement after an absence: the one this page knows or a later one, never an older or another of that version. */
export async function checkRoomAgain(envelope: string, known: Signed<Room>, fingerprint: string): Promise<Signed<Room>> {
  const room = await checkRoom(envelope, known.body.room, fingerprint);
  if (room.id === known.id) return room;
  if (room.body.version === known.body.version + 1) return checkNextRoom(envelope, known, fingerprint);
  if (room.body.version <= known.body.version) throw new Malformed("the service goes back to an older statement of the room");
  return room;
}

/** A request by a host of this room, for this room statement and this session, that has not expired. */
export async function checkRequest(notice: RequestNotice, room: Signed<Room>, session: string, now: number): Promise<Signed<Request>> {
  const request = await openStatement("request", notice.envelope);
  const { body } = request;
  if (request.id !== notice.id || body.recording !== notice.recording) throw new Malformed("the request is announced under another id");
  if (body.room !== room.body.room || body.room_statement !== room.id) throw new Malformed("the request is for another room or another version of it");
  if (body.session !== session) throw new Malformed("the request is for another session");
  if (!room.body.host_keys.some(({ key }) => key === body.key)) throw new BadSignature("the request is not signed by a host of this room");
  if (body.delete_after_ms < body.expires_ms) throw new Malformed("the recording would go on after it must be deleted");
  if (body.expires_ms <= now) throw new Malformed("the request has expired");
  return request;
}

/** A take of this recording, signed by the room's service and perhaps countersigned by one of its hosts. */
export async function checkTake(envelope: string, room: Signed<Room>, recording: string): Promise<Signed<Take>> {
  const take = await openStatement("take", envelope);
  if (take.body.key !== room.body.service_key) throw new BadSignature("the take is signed by another service");
  if (take.body.recording !== recording) throw new Malformed("the take is of another recording");
  const second = take.signers[1];
  if (second !== undefined && !room.body.host_keys.some(({ key }) => key === second)) throw new BadSignature("the take is countersigned by somebody who is no host");
  return take;
}

export async function seenTake(take: Signed<Take>): Promise<TakeSeen> {
  return { number: take.body.take, code: await shortCode(take.body.approvals), countersigned: take.signers.length > 1 };
}

/** Whether a take names exactly the approvals of everyone on the roster. */
export function namesExactly(take: Take, roster: { answer: string; approval: string | null }[]): boolean {
  const seen = roster.map(({ answer, approval }) => (answer === "approved" ? approval : null));
  if (seen.length === 0 || seen.includes(null)) return false;
  return [...take.approvals].sort().join() === (seen as string[]).sort().join();
}

/**
 * Whether the room key's identity will open what is recorded under this approval: W is the one that was signed, e in it belongs to E, and it
 * names this request and this participant's key. Throws when W does not open at all.
 */
export async function opensWith(identity: string, wrapped: Uint8Array, approval: Approval): Promise<boolean> {
  if (toHex(await sha256(wrapped)) !== approval.wrapped_sha256) return false;
  const inside = parseWrapped(await openText(identity, wrapped));
  return (await recipientOf(inside.identity)) === approval.consent_recipient && inside.request === approval.request && inside.participant === approval.key;
}
