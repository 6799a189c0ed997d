// Takes a room key: a file (room.key or room.key.age), or the copy this browser keeps under a passphrase. The key stays in this page.
import { isPassphraseFile, openWithPassphrase, recipientOf } from "../core/age.ts";
import { fromUtf8, Malformed, type Bytes } from "../core/bytes.ts";
import { parseRoomKey, type RoomKey } from "../core/identity.ts";
import { T, type Message } from "../i18n/i18n.ts";
import { wrappedRoomKey } from "../store/keys.ts";
import { busy, field, fill, h } from "./dom.ts";
import { inWords } from "./problems.ts";

/** `use` gets the key once it was read and found to be the key of `room`; what it throws is shown here. Testids begin with `name`. */
export function roomKeyInput(name: string, room: string, label: Message, use: (key: RoomKey) => Promise<void>): HTMLElement {
  const problem = h("p", { class: "problem", role: "alert", testid: `${name}-error` });
  const file = h("input", { testid: `${name}-file`, type: "file" });
  const passphrase = h("input", { testid: `${name}-passphrase`, type: "password", autocomplete: "current-password" });
  const unlock = h("button", { testid: `${name}-unlock`, type: "button", class: "primary" }, T("key_unlock"));
  const wrapped = h("div", { class: "with-button", hidden: true }, field(T("key_passphrase"), passphrase, T("key_passphrase_hint")), unlock);
  let sealed: Bytes | null = null;

  const askPassphrase = (bytes: Bytes): void => {
    sealed = bytes;
    wrapped.hidden = false;
  };
  const take = async (text: string): Promise<void> => {
    const key = parseRoomKey(text);
    if (key.room !== room) throw new Malformed("this key belongs to another room", "key_other_room");
    if ((await recipientOf(key.identity)) !== key.recipient) throw new Malformed("the room key file contradicts itself");
    await use(key);
  };
  file.addEventListener("change", () => void (async () => {
    fill(problem);
    const chosen = file.files?.[0];
    if (!chosen) return;
    const bytes = new Uint8Array(await chosen.slice(0, 1 << 20).arrayBuffer());
    if (isPassphraseFile(bytes)) {
      askPassphrase(bytes);
      passphrase.focus();
    } else await take(fromUtf8(bytes));
  })().catch((error: unknown) => {
    file.value = ""; // so that the same file can be chosen again
    fill(problem, inWords(error));
  }));
  unlock.addEventListener("click", busy(unlock, problem, async () => {
    const text = await openWithPassphrase(passphrase.value, sealed!).catch(() => null);
    if (text === null) return fill(problem, T("key_passphrase_wrong"));
    await take(text);
  }, inWords));
  passphrase.addEventListener("keydown", (event) => event.key === "Enter" && (event.preventDefault(), unlock.click()));
  void wrappedRoomKey(room).then((kept) => kept && sealed === null && askPassphrase(kept));
  return h("div", { class: "key-input" }, field(label, file), wrapped, problem);
}
