// Strict JSON for signed bytes: no duplicate keys, no fractions, integers up to 2^53-1, nothing before or after.
// JSON.parse keeps the last of two equal keys, so two readers could see two different statements in the same bytes.
import { Malformed } from "./bytes.ts";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const MAX_DEPTH = 8; // the deepest statement has four levels

export function parseStrictJson(text: string): Json {
  const reader = new Reader(text);
  const value = reader.value(0);
  reader.end();
  return value;
}

class Reader {
  private at = 0;
  constructor(private readonly text: string) {}

  value(depth: number): Json {
    if (depth > MAX_DEPTH) throw this.wrong("nested too deeply");
    this.space();
    switch (this.text[this.at]) {
      case "{": return this.object(depth);
      case "[": return this.array(depth);
      case '"': return this.string();
      case "t": return this.word("true", true);
      case "f": return this.word("false", false);
      case "n": return this.word("null", null);
      default: return this.integer();
    }
  }

  end(): void {
    this.space();
    if (this.at !== this.text.length) throw this.wrong("something follows the value");
  }

  private object(depth: number): Json {
    const out: { [key: string]: Json } = Object.create(null);
    this.at++;
    if (this.next("}")) return out;
    do {
      this.space();
      const key = this.string();
      if (key in out) throw this.wrong(`the key "${key}" appears twice`);
      if (!this.next(":")) throw this.wrong("a colon is missing");
      out[key] = this.value(depth + 1);
    } while (this.next(","));
    if (!this.next("}")) throw this.wrong("an object does not end");
    return out;
  }

  private array(depth: number): Json {
    const out: Json[] = [];
    this.at++;
    if (this.next("]")) return out;
    do out.push(this.value(depth + 1));
    while (this.next(","));
    if (!this.next("]")) throw this.wrong("an array does not end");
    return out;
  }

  private string(): string {
    const found = this.match(/"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y);
    if (found === null) throw this.wrong("a string is expected");
    const value = JSON.parse(found) as string;
    if (/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/.test(value)) throw this.wrong("half a surrogate pair");
    return value;
  }

  private integer(): number {
    const found = this.match(/-?(?:0|[1-9][0-9]*)(?![0-9.eE])/y);
    const value = Number(found ?? NaN);
    if (!Number.isSafeInteger(value) || found === "-0") throw this.wrong("a value or an integer of at most 2^53-1 is expected");
    return value;
  }

  private word<T>(word: string, value: T): T {
    if (!this.text.startsWith(word, this.at)) throw this.wrong("an unknown word");
    this.at += word.length;
    return value;
  }

  private match(pattern: RegExp): string | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? null;
    if (found !== null) this.at += found.length;
    return found;
  }

  private next(char: string): boolean {
    this.space();
    if (this.text[this.at] !== char) return false;
    this.at++;
    return true;
  }

  private space(): void {
    while (this.at < this.text.length && " \t\n\r".includes(this.text[this.at]!)) this.at++;
  }

  private wrong(what: string): Malformed {
    return new Malformed(`JSON: ${what} at character ${this.at}`);
  }
}
