// Opens a recording in the page: unwraps every W with the room key, checks whose key it is, fetches the tracks, compares them with
// their seal and decrypts them. Plaintext lives in this page's memory only, until a file is saved by hand.
import { headerSizeOf, joined, openText, openTrack, recipientOf } from "../core/age.ts";
import { Malformed, sha256, toHex, type Bytes } from "../core/bytes.ts";
import type { RoomKey } from "../core/identity.ts";
import type { Approval, SealedTrack } from "../core/statements.ts";
import { parseWrapped } from "../core/wrapped.ts";
import { api, Problem } from "../net/api.ts";
import { download, mediaType } from "../net/download.ts";
import type { Recording } from "./recording.ts";

export interface OpenedTrack { track: SealedTrack; take: number; name: string; media: Blob }
export type Failure = { name: string; track: string; reason: unknown };
export interface Opened { tracks: OpenedTrack[]; failures: Failure[]; names: Map<string, string>; erased: string[] }
interface Person { identity: string; name: string }

export async function openRecording(recording: Recording, key: RoomKey, progress: (doneBytes: number, ofBytes: number) => void): Promise<Opened> {
  const opened: Opened = { tracks: [], failures: [], names: new Map(), erased: [] };
  const people = await unwrapAll(recording, key, opened);
  const wanted = recording.takes.flatMap((take) => take.tracks.map((track) => ({ take, track })));
  const total = wanted.reduce((sum, { track }) => sum + track.size_bytes * 2, 0); // fetched once, decrypted once
  let done = 0;
  for (const { take, track } of wanted) {
    const person = people.get(track.approval);
    if (!person) continue;
    try {
      const media = await openOne(recording.id, track, person.identity, take.reason === "interrupted", (part) => progress(done + part, total));
      opened.tracks.push({ track, take: take.number, name: person.name, media });
    } catch (reason) {
      if (reason instanceof Problem && (reason.status === 404 || reason.status === 410)) opened.erased.push(person.name);
      else opened.failures.push({ name: person.name, track: track.name, reason });
    }
    progress(done += track.size_bytes * 2, total);
  }
  return opened;
}

async function unwrapAll(recording: Recording, key: RoomKey, opened: Opened): Promise<Map<string, Person>> {
  const people = new Map<string, Person>();
  for (const [id, approval] of recording.approvals) {
    if (approval.scope.length === 0 || recording.withdrawn.has(id)) continue;
    try {
      const person = await unwrap(id, approval, key);
      people.set(id, person);
      opened.names.set(id, person.name);
    } catch (reason) {
      if (!(reason instanceof Problem && reason.status === 410)) opened.failures.push({ name: id.slice(0, 16), track: "", reason });
    }
  }
  return people;
}

async function unwrap(id: string, approval: Approval, key: RoomKey): Promise<Person> {
  const wrapped = await api.wrappedKey(approval.recording, id);
  if (toHex(await sha256(wrapped)) !== approval.wrapped_sha256) throw new Malformed("the wrapped key is not the one that was approved");
  const inside = parseWrapped(await openText(key.identity, wrapped));
  if ((await recipientOf(inside.identity)) !== approval.consent_recipient) throw new Malformed("the wrapped key belongs to another approval");
  if (inside.request !== approval.request || inside.participant !== approval.key) throw new Malformed("the wrapped key is about another request or person");
  return { identity: inside.identity, name: inside.name };
}

async function openOne(recording: string, track: SealedTrack, identity: string, interrupted: boolean, progress: (done: number) => void): Promise<Blob> {
  const sealed = await download(await api.track(recording, track.name), progress);
  if (toHex(await sha256(sealed)) !== track.sha256) throw new Malformed(`${track.name} is not the file that was sealed`);
  if (toHex(await sha256(sealed.subarray(0, headerSizeOf(sealed)))) !== track.header_sha256) throw new Malformed(`${track.name} has another header than was announced`);
  const chunks = await openTrack(identity, sealed, (bytes) => progress(track.size_bytes + bytes));
  const rest = interrupted ? await openTail(recording, track.name, identity) : null;
  return new Blob(joined(chunks, rest), { type: mediaType(track.name) });
}

async function openTail(recording: string, name: string, identity: string): Promise<Bytes[] | null> {
  const answer = await api.track(recording, name.replace(/\.age$/, ".tail.age")).catch(() => null);
  return answer && openTrack(identity, await download(answer, () => undefined), () => undefined);
}
