// Makes a room in the page: room key (age identity and signing seed), host key of this browser, signed room statement.
// The service gets the statement only: no secret leaves this function but to the host.
import { generateKey, sealWithPassphrase } from "../core/age.ts";
import { randomBytes, toHex, utf8, type Bytes } from "../core/bytes.ts";
import { signStatement, type Signed, type Signer } from "../core/dsse.ts";
import { KeyPairSigner, signerFromSeed } from "../core/ed25519.ts";
import { writeRoomKey, type RoomKey } from "../core/identity.ts";
import type { Room } from "../core/statements.ts";
import type { Config } from "../net/api.ts";

export interface RoomWish { title: string; conference: string | null; passphrase: string | null; holder: string; lobby: boolean; withdrawalErases: Room["withdrawal_erases"] }
export interface NewRoom { statement: Signed<Room>; hostKey: KeyPairSigner; fileName: string; file: Bytes; wrapped: Bytes | null }

export async function makeRoom(wish: RoomWish, config: Config): Promise<NewRoom> {
  const room = toHex(randomBytes(16));
  const consent = await generateKey();
  const key: RoomKey = { room, seed: randomBytes(32), ...consent };
  const [signer, hostKey] = await Promise.all([signerFromSeed(key.seed), KeyPairSigner.generate()]);
  const statement = await signStatement("room", roomBody(wish, config, key, signer, hostKey), signer);
  const plain = writeRoomKey(key);
  key.seed.fill(0);
  const wrapped = wish.passphrase === null ? null : await sealWithPassphrase(wish.passphrase, plain);
  return { statement, hostKey, file: wrapped ?? utf8(plain), wrapped, fileName: wrapped ? "room.key.age" : "room.key" };
}

function roomBody(wish: RoomWish, config: Config, key: RoomKey, signer: Signer, hostKey: Signer): Room {
  return {
    room: key.room, version: 1, previous: null, title: wish.title,
    controllers: config.controllers.map(({ name, contact }) => ({ name, contact })), authority: config.authority, location: config.location,
    processors: config.processors, conference: wish.conference, lobby: wish.lobby, withdrawal_erases: wish.withdrawalErases, signing_key: signer.publicKey,
    host_keys: [{ key: hostKey.publicKey, holder: wish.holder }],
    recipients: [{ recipient: key.recipient, holder: wish.holder, role: "host" }],
    service_key: config.service_key, ledger: { origin: config.ledger.origin, vkey: config.ledger.vkey },
    witness_policy: "none", gateway_keys: [], issued_ms: Date.now(),
  };
}

/** The next version of a room with one more host key: how another browser becomes a host's browser. */
export async function addHostKey(current: Signed<Room>, roomKey: RoomKey, holder: string): Promise<{ statement: Signed<Room>; hostKey: KeyPairSigner }> {
  const [signer, hostKey] = await Promise.all([signerFromSeed(roomKey.seed), KeyPairSigner.generate()]);
  const body: Room = {
    ...current.body, version: current.body.version + 1, previous: current.id, issued_ms: Date.now(),
    host_keys: [...current.body.host_keys, { key: hostKey.publicKey, holder }],
  };
  return { statement: await signStatement("room", body, signer), hostKey };
}
