// The text files that carry keys: room.key and the participant's key file (FORMATS.md section 3). Text in, values out.
import { fromBase64, fromBase64url, fromUtf8, Malformed, toBase64, toBase64url, utf8, type Bytes } from "./bytes.ts";

/** A native X25519 identity and nothing else: no plugin, no other kind of key. */
export const AGE_IDENTITY = /^AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}$/;
const MAX_FILE_CHARACTERS = 256 * 1024;

export interface RoomKey { room: string; seed: Bytes; recipient: string; identity: string }

export function writeRoomKey({ room, seed, recipient, identity }: RoomKey): string {
  return ["# unavoce room key v1", `# room: ${room}`, `# signing-key: ${toBase64url(seed)}`, `# recipient: ${recipient}`, identity, ""].join("\n");
}

export function parseRoomKey(file: string): RoomKey {
  const { notes, identities } = readIdentityFile(file, "# unavoce room key v1", "a room key");
  const [room, seed, recipient] = [notes.get("room"), notes.get("signing-key"), notes.get("recipient")];
  if (!room || !seed || !recipient || identities.length !== 1) throw new Malformed("the room key file is incomplete", "file_incomplete");
  return { room, seed: fromBase64url(seed), recipient, identity: identities[0]! };
}

/** `token` reads the sealed files of this approval and nothing else (ADR 4); null in files from before the service answered. */
export interface KeyFile { recording: string; approval: string; server: string; withdrawal: string; identity: string | null; token: string | null }
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

export function writeKeyFile({ recording, approval, server, withdrawal, identity, token }: KeyFile): string {
  const lines = ["# unavoce key file v1", `# recording: ${recording}`, `# approval: ${approval}`, `# server: ${server}`];
  lines.push(`# withdrawal: ${toBase64(utf8(withdrawal))}`);
  if (token !== null) lines.push(`# token: ${token}`);
  if (identity !== null) lines.push(identity);
  return lines.join("\n") + "\n";
}

export function parseKeyFile(file: string): KeyFile {
  const { notes, identities } = readIdentityFile(file, "# unavoce key file v1", "a participant's key file");
  const [recording, approval, server, withdrawal] = ["recording", "approval", "server", "withdrawal"].map((name) => notes.get(name));
  if (!recording || !approval || !server || !withdrawal || identities.length > 1) throw new Malformed("the key file is incomplete", "file_incomplete");
  const token = notes.get("token") ?? null;
  if (token !== null && !TOKEN.test(token)) throw new Malformed("the token in the key file is none", "file_incomplete");
  return { recording, approval, server, withdrawal: fromUtf8(fromBase64(withdrawal)), identity: identities[0] ?? null, token };
}

/** What people choose instead, most likely: the receipt that was saved beside the key file, or the other kind of key. */
function mistakenFor(file: string, first: string, wanted: string): string {
  if (/^\s*\{[^]*"unavoce-receipt\//.test(file.slice(0, 400))) return "file_is_receipt";
  if (first === "# unavoce key file v1") return "file_is_key_file";
  if (first === "# unavoce room key v1") return "file_is_room_key";
  return wanted === "# unavoce room key v1" ? "file_not_room_key" : "file_not_key_file";
}

function readIdentityFile(file: string, firstLine: string, what: string): { notes: Map<string, string>; identities: string[] } {
  if (file.length > MAX_FILE_CHARACTERS) throw new Malformed(`this is not ${what}: the file is too large`);
  const lines = file.replace(/^\uFEFF/, "").split(/\r?\n/).map((line) => line.trimEnd());
  if (lines[0] !== firstLine) throw new Malformed(`this is not ${what}`, mistakenFor(file, lines[0] ?? "", firstLine));
  const notes = new Map<string, string>();
  const identities: string[] = [];
  for (const line of lines.slice(1)) {
    if (line === "") continue;
    if (!line.startsWith("#")) {
      if (!AGE_IDENTITY.test(line)) throw new Malformed(`${what} may hold native age identities only`);
      identities.push(line);
      continue;
    }
    const pair = /^# ([a-z-]+): (.*)$/.exec(line);
    if (pair && !notes.has(pair[1]!)) notes.set(pair[1]!, pair[2]!);
  }
  return { notes, identities };
}
