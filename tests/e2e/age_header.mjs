// Just enough of age (c2sp.org/age) to be an attacker in a test: reads a header, and derives file key and payload key from an identity.
// Independent of our own code on purpose: Node's crypto and a bech32 decoder.
import { createHash, createPrivateKey, createPublicKey, createDecipheriv, diffieHellman, hkdfSync } from 'node:crypto';
import { bech32 } from '@scure/base';

const PRIVATE_DER = Buffer.from('302e020100300506032b656e04220420', 'hex'), PUBLIC_DER = Buffer.from('302a300506032b656e032100', 'hex');
const words = (text) => Buffer.from(bech32.fromWords(bech32.decode(text.toLowerCase(), 1000).words));

/** The 32 bytes behind an AGE-SECRET-KEY-1… or an age1…. */
export const raw_key = (text) => words(text);

/** The public X25519 key of 32 secret bytes. */
export function public_of(secret) {
  const key = createPrivateKey({ key: Buffer.concat([PRIVATE_DER, secret]), format: 'der', type: 'pkcs8' });
  return createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(PUBLIC_DER.length);
}

/** {stanzas: [{type, args, body}], size, sha256} of an age file; size and hash are of the header with its last line feed. */
export function header_of(file) {
  const end = file.indexOf('\n', file.indexOf('\n--- ') + 1) + 1;
  const lines = file.subarray(0, end).toString('latin1').split('\n').slice(1, -2);
  const stanzas = [];
  for (const line of lines) {
    if (line.startsWith('-> ')) { const [type, ...args] = line.slice(3).split(' '); stanzas.push({ type, args, body: '' }); }
    else stanzas.at(-1).body += line;
  }
  for (const stanza of stanzas) stanza.body = Buffer.from(stanza.body, 'base64');
  return { stanzas, size: end, sha256: createHash('sha256').update(file.subarray(0, end)).digest('hex') };
}

/** File key (16 bytes) and payload key (32 bytes) of a file sealed to this identity. */
export function keys_of(file, identity) {
  const secret = raw_key(identity), { stanzas, size } = header_of(file);
  const { args: [share_text], body } = stanzas.find(({ type }) => type === 'X25519');
  const share = Buffer.from(share_text, 'base64');
  const shared = diffieHellman({
    privateKey: createPrivateKey({ key: Buffer.concat([PRIVATE_DER, secret]), format: 'der', type: 'pkcs8' }),
    publicKey: createPublicKey({ key: Buffer.concat([PUBLIC_DER, share]), format: 'der', type: 'spki' }),
  });
  const wrapping = Buffer.from(hkdfSync('sha256', shared, Buffer.concat([share, public_of(secret)]), 'age-encryption.org/v1/X25519', 32));
  const cipher = createDecipheriv('chacha20-poly1305', wrapping, Buffer.alloc(12), { authTagLength: 16 });
  cipher.setAuthTag(body.subarray(16));
  const file_key = Buffer.concat([cipher.update(body.subarray(0, 16)), cipher.final()]);
  return { file_key, payload_key: Buffer.from(hkdfSync('sha256', file_key, file.subarray(size, size + 16), 'payload', 32)) };
}

/** Every way in which a secret might be written down: raw, hex, base64, and as the text of an identity. */
export function spellings(secret, text) {
  const base64 = secret.toString('base64').replace(/=+$/, '');
  return [secret, ...[secret.toString('hex'), secret.toString('hex').toUpperCase(), base64, secret.toString('base64url'), ...(text ? [text, text.toLowerCase()] : [])].map((spelling) => Buffer.from(spelling))];
}

/** Attacks recipients with whatever bytes there are: takes 32 of them at every `stride` and every run of hex or base64 as a secret key, and returns
    those recipients whose secret key that is. Text and runs of one value are skipped: not one random key in a million looks like that. */
export function recipients_opened_by(bytes, recipients, stride = 1) {
  const wanted = new Map(recipients.map((recipient) => [raw_key(recipient).toString('hex'), recipient]));
  const opened = new Set(), tried = new Set();
  const attempt = (candidate) => {
    if (candidate.length !== 32 || new Set(candidate).size < 20 || candidate.reduce((high, byte) => high + (byte >> 7), 0) < 4) return;
    const name = candidate.toString('latin1');
    if (tried.has(name)) return;
    tried.add(name);
    const recipient = wanted.get(public_of(candidate).toString('hex'));
    if (recipient) opened.add(recipient);
  };
  for (let at = 0; at + 32 <= bytes.length; at += stride) attempt(bytes.subarray(at, at + 32));
  const text = bytes.toString('latin1');
  for (const [run] of text.matchAll(/[0-9a-fA-F]{64}/g)) attempt(Buffer.from(run, 'hex'));
  for (const [run] of text.matchAll(/[A-Za-z0-9+/_-]{43}/g)) attempt(Buffer.from(run, 'base64').subarray(0, 32));
  return { opened: [...opened], tried: tried.size };
}
