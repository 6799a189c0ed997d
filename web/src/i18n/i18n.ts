// Words in two languages. A Message is a key with values; what shows one is bound to it, so that switching the language
// needs no reload (a meeting goes on). The choice is kept in this browser only when somebody switches.
import { TEXTS } from "./texts/index.ts";

export type Language = "en" | "de";
export type TextKey = keyof typeof TEXTS;
export type Value = string | number | Message | Message[] | Date;
export interface Message { key: TextKey; values: Record<string, Value> }

const KEPT = "unavoce.language";
let language: Language = initial();
const bindings = new Set<WeakRef<Bound>>();
type Bound = { render(): void };

function initial(): Language {
  const wished = new URLSearchParams(location.search).get("lang") ?? localStorage.getItem(KEPT) ?? navigator.language;
  return wished.startsWith("de") ? "de" : "en";
}

export const T = (key: TextKey, values: Record<string, Value> = {}): Message => ({ key, values });
export const isMessage = (value: unknown): value is Message => typeof value === "object" && value !== null && "key" in value && "values" in value;
export const currentLanguage = (): Language => language;

/** Says a message in the current language. `{name}` is replaced by the value; an array becomes "a, b and c". */
export function say(message: Message): string {
  const words: string = TEXTS[message.key][language === "en" ? 0 : 1];
  return words.replace(/\{(\w+)\}/g, (_, name: string) => spell(message.values[name]));
}

function spell(value: Value | undefined): string {
  if (value === undefined) return "";
  if (value instanceof Date) return sayDate(value);
  if (Array.isArray(value)) return new Intl.ListFormat(language, { type: "conjunction" }).format(value.map(say));
  return isMessage(value) ? say(value) : String(value);
}

/** The person's own way of writing dates, if the browser's locale is of the language shown. */
const locale = (): string => navigator.languages.find((wish) => wish.startsWith(language)) ?? (language === "en" ? "en-GB" : "de");
export const sayDate = (date: Date): string => new Intl.DateTimeFormat(locale(), { dateStyle: "long" }).format(date);
export const sayTime = (ms: number): string => new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeStyle: "short" }).format(ms);
/** To the second: to tell apart what happened within a minute. */
export const sayMoment = (ms: number): string => new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeStyle: "medium" }).format(ms);

/** Calls render now and after every change of language, for as long as `owner` (a node) lives. */
export function bind(owner: object, render: () => void): void {
  render();
  const bound: Bound = { render };
  alive.set(owner, [...(alive.get(owner) ?? []), bound]);
  bindings.add(new WeakRef(bound));
}
const alive = new WeakMap<object, Bound[]>(); // a binding lives exactly as long as the node it writes to

export function switchLanguage(to: Language): void {
  language = to;
  localStorage.setItem(KEPT, to);
  document.documentElement.lang = to;
  for (const reference of bindings) {
    const bound = reference.deref();
    if (bound) bound.render();
    else bindings.delete(reference);
  }
}
