// Ed25519 keys in WebCrypto: non-extractable ones that live in this browser, and the room's key made from its seed.
import { concat, fromHex, fromBase64url, toBase64url, type Bytes } from "./bytes.ts";
import type { Signer } from "./dsse.ts";

const PKCS8_PREFIX = fromHex("302e020100300506032b657004220420"); // RFC 8410 section 7: a bare 32-byte seed follows

export class KeyPairSigner implements Signer {
  private constructor(readonly publicKey: string, readonly keys: CryptoKeyPair) {}

  static async of(keys: CryptoKeyPair): Promise<KeyPairSigner> {
    return new KeyPairSigner(toBase64url(new Uint8Array(await crypto.subtle.exportKey("raw", keys.publicKey))), keys);
  }

  /** A fresh key whose private half no script can read; it may be kept in IndexedDB. */
  static async generate(): Promise<KeyPairSigner> {
    return KeyPairSigner.of((await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"])) as CryptoKeyPair);
  }

  async sign(message: Bytes): Promise<Bytes> {
    return new Uint8Array(await crypto.subtle.sign("Ed25519", this.keys.privateKey, message));
  }
}

/** The key of a 32-byte seed, for as long as it is needed to sign a room statement. */
export async function signerFromSeed(seed: Bytes): Promise<Signer> {
  const key = await crypto.subtle.importKey("pkcs8", concat(PKCS8_PREFIX, seed), "Ed25519", true, ["sign"]);
  const { x } = await crypto.subtle.exportKey("jwk", key);
  return {
    publicKey: toBase64url(fromBase64url(x ?? "")),
    sign: async (message) => new Uint8Array(await crypto.subtle.sign("Ed25519", key, message)),
  };
}
