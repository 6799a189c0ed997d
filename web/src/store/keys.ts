// Keys of this browser: the host's key per room, the participant's key per session, the room key wrapped with a passphrase.
import type { Bytes } from "../core/bytes.ts";
import { KeyPairSigner } from "../core/ed25519.ts";
import { Table } from "./database.ts";

const hostKeys = new Table<CryptoKeyPair>("host_keys");
const roomKeys = new Table<Bytes>("room_keys");
/** `takenUp`: a second page has it, too. */
const sessionKeys = new Table<CryptoKeyPair & { takenUp?: true }>("session_keys");

async function signerIn(table: Table<CryptoKeyPair>, slot: string): Promise<KeyPairSigner | null> {
  const keys = await table.get(slot);
  return keys ? KeyPairSigner.of(keys) : null;
}

/** The host key of a room in this browser. */
export const hostKey = (room: string): Promise<KeyPairSigner | null> => signerIn(hostKeys, room);
export const keepHostKey = (room: string, signer: KeyPairSigner): Promise<void> => hostKeys.put(room, signer.keys);

/** room.key.age of a room, if the host chose a passphrase here. */
export const wrappedRoomKey = (room: string): Promise<Bytes | undefined> => roomKeys.get(room);
export const keepWrappedRoomKey = (room: string, sealed: Bytes): Promise<void> => roomKeys.put(room, sealed);

/** The tab's place in a session: survives a reload, ends with the tab or with leaving. */
export interface Seat { slot: string; resume: string; name: string }
const seatName = (room: string): string => `unavoce.seat.${room}`;

export function readSeat(room: string): Seat | null {
  const text = sessionStorage.getItem(seatName(room));
  return text === null ? null : (JSON.parse(text) as Seat);
}
export function keepSeat(room: string, seat: Seat): void {
  sessionStorage.setItem(seatName(room), JSON.stringify(seat));
}
export async function leaveSeat(room: string): Promise<void> {
  const seat = readSeat(room);
  sessionStorage.removeItem(seatName(room));
  if (seat) await sessionKeys.remove(seat.slot);
}
/** After a reload, or in a tab that was duplicated. From then on no page knows all that was signed with it. */
export async function takeUpSeatKey({ slot }: Seat): Promise<KeyPairSigner | null> {
  const keys = await sessionKeys.change(slot, (kept) => kept && { ...kept, takenUp: true as const });
  return keys ? KeyPairSigner.of(keys) : null;
}
/** Whether no page but the one that made the key ever had it. */
export async function isOfOnePage(slot: string): Promise<boolean> {
  const kept = await sessionKeys.get(slot);
  return kept !== undefined && kept.takenUp === undefined;
}
export const keepSeatKey = (slot: string, signer: KeyPairSigner): Promise<void> => sessionKeys.put(slot, signer.keys);
