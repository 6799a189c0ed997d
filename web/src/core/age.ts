// age in the page: keys and headers by typage (npm age-encryption); the stream of a track by native ChaCha20-Poly1305
// where the browser has it (measured 8 times as fast as JavaScript, DESIGN.md section 10), else by typage.
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from "age-encryption";
import { concat, fromUtf8, Malformed, utf8, type Bytes } from "./bytes.ts";
import { AGE_IDENTITY } from "./identity.ts";

export interface ConsentKey { identity: string; recipient: string }

export async function generateKey(): Promise<ConsentKey> {
  const identity = await generateX25519Identity();
  return { identity, recipient: await identityToRecipient(identity) };
}

export async function recipientOf(identity: string): Promise<string> {
  if (!AGE_IDENTITY.test(identity)) throw new Malformed("not a native age identity");
  return identityToRecipient(identity);
}

export async function sealTo(recipients: string[], plain: string): Promise<Bytes> {
  const encrypter = new Encrypter();
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  return (await encrypter.encrypt(utf8(plain))) as Bytes;
}

export async function sealWithPassphrase(passphrase: string, plain: string): Promise<Bytes> {
  const encrypter = new Encrypter();
  encrypter.setPassphrase(passphrase);
  return (await encrypter.encrypt(utf8(plain))) as Bytes;
}

export async function openWithPassphrase(passphrase: string, sealed: Uint8Array): Promise<string> {
  const decrypter = new Decrypter();
  decrypter.addPassphrase(passphrase);
  return fromUtf8(await decrypter.decrypt(sealed));
}

export async function openText(identity: string, sealed: Uint8Array): Promise<string> {
  return fromUtf8(await identityDecrypter(identity).decrypt(sealed));
}

export const isAgeFile = (bytes: Uint8Array): boolean => bytes.length > 22 && fromLatin1(bytes.subarray(0, 22)) === "age-encryption.org/v1\n";
export const isPassphraseFile = (bytes: Uint8Array): boolean => isAgeFile(bytes) && fromLatin1(bytes.subarray(22, 32)) === "-> scrypt ";

const fromLatin1 = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

function identityDecrypter(identity: string): Decrypter {
  if (!AGE_IDENTITY.test(identity)) throw new Malformed("not a native age identity");
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  return decrypter;
}

const CHUNK = 64 * 1024;
const SEALED_CHUNK = CHUNK + 16;
const NATIVE = { name: "ChaCha20-Poly1305" };

/** Whether this browser has the cipher natively; asked once. */
let native: Promise<boolean> | null = null;
export function hasNativeCipher(): Promise<boolean> {
  native ??= crypto.subtle.importKey("raw-secret" as "raw", new Uint8Array(32), NATIVE, false, ["decrypt"]).then(() => true, () => false);
  return native;
}

/** Opens a sealed track held in memory; calls back with the bytes done. Throws on any damage, then nothing may be used. */
export async function openTrack(identity: string, sealed: Bytes, progress: (done: number) => void): Promise<Bytes[]> {
  if (!(await hasNativeCipher())) return openWithTypage(identity, sealed, progress);
  const headerSize = headerSizeOf(sealed);
  const fileKey = await identityDecrypter(identity).decryptHeader(sealed.subarray(0, headerSize));
  const key = await payloadKey(fileKey as Bytes, sealed.slice(headerSize, headerSize + 16));
  const payload = sealed.subarray(headerSize + 16);
  const chunks: Bytes[] = [];
  for (let at = 0, index = 0; at < payload.length || index === 0; at += SEALED_CHUNK, index++) {
    const last = at + SEALED_CHUNK >= payload.length;
    const plain = await crypto.subtle.decrypt({ ...NATIVE, iv: chunkNonce(index, last) } as Algorithm, key, payload.subarray(at, at + SEALED_CHUNK));
    if (last && index > 0 && plain.byteLength === 0) throw new Malformed("the last chunk of the track is empty");
    chunks.push(new Uint8Array(plain));
    progress(Math.min(sealed.length, headerSize + 16 + at + SEALED_CHUNK));
  }
  return chunks;
}

/** An interrupted file ends in a two-byte Void; what is in its tail goes in that place (DESIGN section 7). */
export function joined(main: Bytes[], tail: Bytes[] | null): Bytes[] {
  if (!tail) return main;
  const end = concat(...main.slice(-2));
  return [...main.slice(0, -2), end.subarray(0, end.length - 2), ...tail];
}

async function openWithTypage(identity: string, sealed: Bytes, progress: (done: number) => void): Promise<Bytes[]> {
  const chunks: Bytes[] = [];
  let done = 0;
  const plain = await identityDecrypter(identity).decrypt(new Blob([sealed]).stream());
  for (const reader = plain.getReader(); ; ) {
    const { done: end, value } = await reader.read();
    if (end) return chunks;
    chunks.push(value as Bytes);
    progress((done += value.length));
  }
}

/** Size of an age header: up to and including the line feed after the MAC. */
export function headerSizeOf(file: Uint8Array): number {
  const search = fromLatin1(file.subarray(0, 4096));
  const mac = search.indexOf("\n--- ");
  const end = search.indexOf("\n", mac + 1);
  if (mac < 0 || end < 0 || !isAgeFile(file)) throw new Malformed("this is not an age file");
  return end + 1;
}

async function payloadKey(fileKey: Bytes, nonce: Bytes): Promise<CryptoKey> {
  if (nonce.length !== 16) throw new Malformed("the track ends inside its header");
  const base = await crypto.subtle.importKey("raw", fileKey, "HKDF", false, ["deriveBits"]);
  const bits = await crypto.subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt: nonce, info: utf8("payload") }, base, 256);
  return crypto.subtle.importKey("raw-secret" as "raw", bits, NATIVE, false, ["decrypt"]);
}

/** STREAM nonce: eleven bytes of big-endian counter and the last-chunk flag (c2sp.org/age). */
function chunkNonce(index: number, last: boolean): Bytes {
  const counter = new Uint8Array(8);
  new DataView(counter.buffer).setBigUint64(0, BigInt(index));
  return concat(new Uint8Array(3), counter, new Uint8Array([last ? 1 : 0]));
}
