// Whether a recording is what it claims to be, before the page opens it: the room's key, the ledger's proofs, what people had seen of the
// ledger, and the order in which they approved and recording began (FORMATS.md section 9, as far as it can be told without the files).
// Gives what is wrong, in words.
import { fromBase64, fromUtf8, Malformed, toHex, type Bytes } from "../core/bytes.ts";
import { openStatement, type Signed } from "../core/dsse.ts";
import { signerFromSeed } from "../core/ed25519.ts";
import type { RoomKey } from "../core/identity.ts";
import { checkAcknowledgement, commitment, isBeginning, openCheckpoint, receivedMs, type Checked } from "../core/proof.ts";
import type { Approval, Bodies, Kind, Room, Seal, Take, Track, TreeHead } from "../core/statements.ts";
import { stillGranted, whollyWithdrawn } from "../core/withdrawals.ts";
import { T, type Message } from "../i18n/i18n.ts";
import type { EntryFile, RecordingDetail } from "../net/api.ts";
import { recordedOn } from "./recorded_on.ts";

interface Found<T> { id: string; body: T; index: number; received_ms: number }
interface Evidence {
  room: Found<Room>; request: Found<Bodies["request"]>; approvals: Found<Approval>[]; answers: { key: string; index: number }[];
  refusals: Found<Bodies["refusal"]>[]; withdrawals: Found<Bodies["withdrawal"]>[]; takes: Found<Take>[]; tracks: Found<Track>[]; seals: Found<Seal>[];
}

/** Everything that speaks against the recording; nothing if it is what it claims to be. */
export async function verifyRecording(detail: RecordingDetail, key: RoomKey): Promise<Message[]> {
  const evidence = await evidenceOf(detail);
  const wrong: Message[] = [];
  const check = async (message: Message, holds: () => void | Promise<void>): Promise<void> => {
    try {
      await holds();
    } catch (error) {
      console.warn("the recording does not verify:", error);
      wrong.push(message);
    }
  };
  await check(T("unverified_room"), async () => {
    need((await signerFromSeed(key.seed)).publicKey === evidence.room.body.signing_key, "the room is signed by another key than the room key file holds");
    need(evidence.request.body.room_statement === evidence.room.id, "the request names another statement of the room");
  });
  await check(T("unverified_ledger"), () => checkLedger(detail, evidence.room.body));
  await check(T("unverified_seen"), () => checkSeen(detail, evidence));
  await check(T("unverified_order"), () => {
    evidence.takes.forEach((take) => checkTake(take, evidence));
    const wrong = recordedOn({ ...evidence, request: evidence.request.body });
    if (wrong !== null) throw new Malformed(wrong);
  });
  await check(T("unverified_tracks"), () => checkTracks(evidence));
  return wrong;
}

function need(holds: boolean, otherwise: string): void {
  if (!holds) throw new Malformed(otherwise);
}

async function evidenceOf({ entries, room_entry }: RecordingDetail): Promise<Evidence> {
  const of = <K extends Kind>(kind: K): Promise<Found<Bodies[K]>[]> => Promise.all(entries.filter((file) => file.kind === kind).map((file) => open(kind, file)));
  const [requests, approvals, refusals, withdrawals, takes, tracks, seals] =
    await Promise.all([of("request"), of("approval"), of("refusal"), of("withdrawal"), of("take"), of("track"), of("seal")]);
  const [request] = requests;
  if (!request || requests.length > 1) throw new Malformed("a recording has exactly one request");
  const answers = [...approvals, ...refusals].map(({ body, index }) => ({ key: body.key, index }));
  return { room: await open("room", room_entry), request, approvals, answers, refusals, withdrawals, takes, tracks, seals };
}

async function open<K extends Kind>(kind: K, file: EntryFile): Promise<Found<Bodies[K]>> {
  const { id, body }: Signed<Bodies[K]> = await openStatement(kind, fromUtf8(fromBase64(file.envelope)));
  return { id, body, index: file.index, received_ms: receivedMs(file.entry) };
}

/** Every statement leads to the signed checkpoint, and the entries of the recording form a chain without a gap. */
async function checkLedger({ entries, room_entry, checkpoint, ledger_vkey, recording }: RecordingDetail, room: Room): Promise<void> {
  need(ledger_vkey.trimEnd() === room.ledger.vkey, "the ledger's key is not the one that the room names");
  const head = await openCheckpoint(checkpoint, room.ledger);
  await checkEntry(room_entry, room.room, head, room);
  let before: { index: number; leaf: Bytes } | null = null;
  for (const [sequence, file] of entries.entries()) {
    const { entry, index } = await checkEntry(file, recording, head, room);
    need(entry.sequence === sequence && entry.previous === (before && toHex(before.leaf)), "a statement of the recording is missing or out of place");
    need(before === null || index > before.index, "the statements are not in the ledger's order");
    before = { index, leaf: await commitment(fromBase64(file.r), fromBase64(file.entry)) };
  }
}

async function checkEntry(file: EntryFile, about: string, head: TreeHead, room: Room): Promise<Checked> {
  const checked = await checkAcknowledgement(file, fromUtf8(fromBase64(file.envelope)), room.ledger);
  need(checked.entry.recording === about && checked.entry.kind === file.kind && checked.index === file.index, "the ledger's entry is about another statement");
  need(checked.head.size === head.size && checked.head.root === head.root, "a proof leads to another checkpoint");
  return checked;
}

/** The ledger begins with what each approval names as seen of it, if it names something, and each take. */
async function checkSeen({ checkpoint, consistency }: RecordingDetail, { room, approvals, takes }: Evidence): Promise<void> {
  const now = await openCheckpoint(checkpoint, room.body.ledger);
  for (const { body: { checkpoint: seen } } of [...approvals, ...takes]) {
    if (seen === null) continue;
    const proof = consistency.find(({ size }) => size === seen.size)?.proof ?? "";
    need(await isBeginning(seen, now, proof), "the ledger does not begin with what somebody had seen of it");
  }
}

/** Everybody named had approved this request before the take, and the approval still stood. */
function checkTake({ body: take, index }: Found<Take>, { room, request, approvals, answers, withdrawals }: Evidence): void {
  need(take.key === room.body.service_key, "a take is signed by another service");
  const before = withdrawals.filter((withdrawal) => withdrawal.index < index);
  for (const id of take.approvals) {
    const approval = approvals.find((known) => known.id === id);
    if (!approval) throw new Malformed("a take names an approval that is not there");
    const { body } = approval;
    need(body.request === request.id, "an approval answers another request");
    need(approval.index < index && approval.index < take.checkpoint.size, "an approval came after the take that names it");
    need(take.start_ms <= body.expires_ms && take.start_ms <= request.body.expires_ms, "a take began after an approval or the request had expired");
    need(!answers.some((later) => later.key === body.key && later.index > approval.index && later.index < index), "somebody answered anew before the take");
    need(!whollyWithdrawn(approval, before), "a take names an approval that was withdrawn");
    const left = stillGranted(approval, before);
    need(request.body.minimum_scope.every((kind) => left.includes(kind)), "an approval grants less than was needed");
  }
}

/** Every sealed track was announced, under this header, for an approval of its take. */
function checkTracks({ room, approvals, takes, tracks, seals, withdrawals }: Evidence): void {
  for (const { body: seal, index } of seals) {
    need(seal.key === room.body.service_key, "a seal is signed by another service");
    const take = takes.find(({ body }) => body.take === seal.take);
    need(seal.take === null || (take !== undefined && take.index < index), "a seal is of a take that is not there");
    for (const sealed of seal.tracks.filter(({ name }) => /^[^.]*\.(webm|mkv)\.age$/.test(name))) { // beside a tail or an index lies its main file
      const track = tracks.find(({ body }) => body.name === sealed.name && body.take === seal.take);
      if (!track || !take) throw new Malformed(`${sealed.name} was never announced`);
      const { body } = track;
      need(body.key === room.body.service_key && body.approval === sealed.approval && body.file === sealed.file, `${sealed.name} was announced for somebody else`);
      need(body.header_sha256 === sealed.header_sha256, `${sealed.name} was announced with another header`);
      need(take.index < track.index && track.index < index && take.body.approvals.includes(body.approval), `${sealed.name} belongs to nobody of its take`);
      const approval = approvals.find(({ id }) => id === body.approval);
      const left = approval ? stillGranted(approval, withdrawals.filter((withdrawal) => withdrawal.index < track.index)) : [];
      need(body.kinds.every((kind) => left.includes(kind)), `${sealed.name} holds more than was granted`);
    }
  }
}
