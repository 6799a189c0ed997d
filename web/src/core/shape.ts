// Shapes: what a strictly parsed value must look like. A shape returns the typed value or throws Malformed naming the field.
import { fromBase64url, Malformed } from "./bytes.ts";
import type { Json } from "./json.ts";
import { isPlain } from "./plain_text.ts";

export type Shape<T> = (value: Json | undefined, path: string) => T;

function fail(path: string, want: string): never {
  throw new Malformed(`${path}: expected ${want}`);
}

/** An object with exactly these keys. */
export function record<T extends object>(fields: { [K in keyof T]: Shape<T[K]> }): Shape<T> {
  return (value, path) => {
    if (value === null || typeof value !== "object" || Array.isArray(value)) fail(path, "an object");
    for (const key of Object.keys(value)) if (!(key in fields)) fail(`${path}.${key}`, "no such key");
    const out = {} as T;
    for (const key of Object.keys(fields) as (keyof T & string)[]) {
      if (!(key in value)) fail(`${path}.${key}`, "a value, the key is missing");
      out[key] = fields[key](value[key], `${path}.${key}`);
    }
    return out;
  };
}

export const list = <T>(item: Shape<T>): Shape<T[]> => (value, path) => {
  if (!Array.isArray(value)) fail(path, "an array");
  return value.map((entry, i) => item(entry, `${path}[${i}]`));
};

export const nullable = <T>(shape: Shape<T>): Shape<T | null> => (value, path) => (value === null ? null : shape(value, path));

/** A line of text that hides and reorders nothing. */
export const text: Shape<string> = (value, path) => (typeof value === "string" && isPlain(value) ? value : fail(path, "plain text"));
export const lines: Shape<string> = (value, path) => (typeof value === "string" && isPlain(value, "lines") ? value : fail(path, "plain text"));
/** Any text, where something else checks it. */
export const verbatim: Shape<string> = (value, path) => (typeof value === "string" ? value : fail(path, "text"));
export const flag: Shape<boolean> = (value, path) => (typeof value === "boolean" ? value : fail(path, "true or false"));
export const integer: Shape<number> = (value, path) => (typeof value === "number" ? value : fail(path, "an integer"));
export const count: Shape<number> = (value, path) => (typeof value === "number" && value >= 0 ? value : fail(path, "a number"));

const matching = (pattern: RegExp, want: string): Shape<string> => (value, path) =>
  typeof value === "string" && pattern.test(value) ? value : fail(path, want);

export const id = matching(/^[0-9a-f]{32}$/, "an id of 32 hex digits");
export const digest = matching(/^[0-9a-f]{64}$/, "a digest of 64 hex digits");
export const recipient = matching(/^age1[02-9ac-hj-np-z]{58}$/, "an age recipient");
export const oneOf = <T extends string>(...words: T[]): Shape<T> => (value, path) =>
  words.includes(value as T) ? (value as T) : fail(path, words.join(" or "));

/** A 32-byte key or nonce in base64url. */
export const key: Shape<string> = (value, path) => {
  const spelled = matching(/^[A-Za-z0-9_-]{43}$/, "a key of 43 characters")(value, path);
  fromBase64url(spelled);
  return spelled;
};

export const KINDS = ["audio", "video", "screen", "chat"] as const;
export type MediaKind = (typeof KINDS)[number];

/** Kinds of media, each at most once and in the fixed order. */
export const scope: Shape<MediaKind[]> = (value, path) => {
  const kinds = list(oneOf(...KINDS))(value, path);
  kinds.forEach((kind, i) => {
    if (i > 0 && KINDS.indexOf(kind) <= KINDS.indexOf(kinds[i - 1]!)) fail(path, "kinds in order, each once");
  });
  return kinds;
};

/** Puts kinds into the order the format wants. */
export const inOrder = (kinds: Iterable<MediaKind>): MediaKind[] => {
  const chosen = new Set(kinds);
  return KINDS.filter((kind) => chosen.has(kind));
};
