// A recording as its entries tell it: who approved, which takes there were, which track files belong to them. Every statement is
// verified; what is not signed by the room's service or its people is not shown.
import { fromBase64, fromUtf8, Malformed, toBase64, utf8 } from "../core/bytes.ts";
import { BadSignature, openStatement, type Signed } from "../core/dsse.ts";
import type { Approval, Request, Room, SealedTrack, Take } from "../core/statements.ts";
import { whollyWithdrawn, type Placed } from "../core/withdrawals.ts";
import type { RecordingDetail } from "../net/api.ts";

export interface TakeOf { number: number; startMs: number; reason: string; tracks: SealedTrack[] }
export interface Recording { id: string; room: Signed<Room>; request: Signed<Request>; approvals: Map<string, Approval>; takes: TakeOf[]; withdrawn: Set<string> }

export async function readRecording(detail: RecordingDetail): Promise<Recording> {
  const envelope = (file: { envelope: string }): string => fromUtf8(fromBase64(file.envelope));
  const of = (kind: string): string[] => detail.entries.filter((entry) => entry.kind === kind).map(envelope);
  const room = await openStatement("room", envelope(detail.room_entry));
  const [first] = of("request");
  if (first === undefined) throw new Malformed("the recording has no request");
  const request = await openStatement("request", first);
  if (!room.body.host_keys.some(({ key }) => key === request.body.key)) throw new BadSignature("the request is not signed by a host of the room");
  const approvals = await Promise.all(of("approval").map((text) => openStatement("approval", text)));
  const [takes, seals, withdrawals] = await Promise.all([
    Promise.all(of("take").map((text) => openStatement("take", text))),
    Promise.all(of("seal").map((text) => openStatement("seal", text))),
    Promise.all(of("withdrawal").map((text) => openStatement("withdrawal", text))),
  ]);
  for (const { body } of [...takes, ...seals]) if (body.key !== room.body.service_key) throw new BadSignature("a take or seal is signed by another service");
  const places = new Map(detail.entries.map((file) => [file.envelope, file.index]));
  const placed = <T>({ body, envelope: text }: Signed<T>): Placed<T> => ({ body, index: places.get(toBase64(utf8(text))) ?? 0 });
  const taken = withdrawals.map(placed);
  return {
    id: detail.recording, room, request,
    approvals: new Map(approvals.map(({ id, body }) => [id, body])),
    withdrawn: new Set(approvals.filter((approval) => whollyWithdrawn(placed(approval), taken)).map(({ id }) => id)),
    takes: takes.map(({ body }) => takeOf(body, seals.map((seal) => seal.body).find((seal) => seal.take === body.take)))
      .sort((a, b) => a.number - b.number),
  };
}

function takeOf(take: Take, seal: { reason: string; tracks: SealedTrack[] } | undefined): TakeOf {
  return { number: take.take, startMs: take.start_ms, reason: seal?.reason ?? "", tracks: (seal?.tracks ?? []).filter(({ empty, name }) => !empty && /\.(webm|mkv)\.age$/.test(name)) };
}

/** Length of a take on its own clock: until its last track ends. */
export const lengthOf = ({ tracks }: TakeOf): number => Math.max(0, ...tracks.map(({ offset_ms, last_ms, duration_ms }) => offset_ms + Math.max(last_ms, duration_ms)));
