// Saves what a recording holds of one person: their own sealed files, fetched with the token in their key file and opened with its
// key, in this page. Plaintext lives in memory until the browser saves it.
import { joined, openTrack } from "../core/age.ts";
import { Malformed, type Bytes } from "../core/bytes.ts";
import type { KeyFile } from "../core/identity.ts";
import { T } from "../i18n/i18n.ts";
import { api } from "../net/api.ts";
import { download, mediaType } from "../net/download.ts";
import { busy, fill, h, saveFile } from "./dom.ts";
import { icon } from "./icons.ts";
import { inWords } from "./problems.ts";

const TAIL = ".tail.age";

/** A button that does it and says how it goes; null if there is nothing that this key file could open. */
export function ownPart(read: () => KeyFile): HTMLElement | null {
  const { identity, token } = read();
  if (identity === null || token === null) return null;
  const problem = h("p", { class: "problem", role: "alert", testid: "own-part-error" });
  const status = h("p", { class: "muted", role: "status", testid: "own-part-status" });
  const progress = h("progress", { max: "1", value: "0", hidden: true, "aria-label": T("own_part_opening") });
  const button = h("button", { type: "button", testid: "own-part" }, icon("download"), T("own_part"));
  button.addEventListener("click", busy(button, problem, async () => {
    fill(status);
    progress.hidden = false;
    try {
      const { state, files } = await open(read(), (share) => { progress.value = share; });
      status.dataset["state"] = state;
      fill(status, T(`own_part_${state}`), ...(files.length > 1 ? files.map(one) : []));
      if (files.length === 1) files[0]!.save();
    } finally {
      progress.hidden = true;
    }
  }, inWords));
  return h("div", { class: "own-part" }, button, progress, status, problem);
}

interface OwnFile { name: string; save(): void }

/** A browser lets a page save one file at a click. */
const one = ({ name, save }: OwnFile): HTMLElement => h("button", { type: "button", class: "small", testid: "own-part-file", on: { click: save } }, icon("download"), name);

async function open({ recording, approval, identity, token }: KeyFile, progress: (share: number) => void): Promise<{ state: "saved" | "some" | "running" | "empty"; files: OwnFile[] }> {
  const { state, tracks } = await api.ownTracks(recording, token!);
  const goesOn = state === "waiting" || state === "recording" || state === "paused";
  const whole = tracks.filter(({ name }) => !name.endsWith(TAIL));
  if (whole.length === 0) return { state: goesOn ? "running" : "empty", files: [] };
  const own = new RegExp(`^t[0-9]{3,}-${approval.slice(0, 16)}-f[0-9]{3,}\\.(webm|mkv)\\.age$`);
  const total = tracks.reduce((sum, { size_bytes }) => sum + size_bytes, 0) * 2; // fetched once, opened once
  let done = 0;
  const unseal = async (name: string, size: number): Promise<Bytes[]> => {
    const sealed = await download(await api.ownTrack(recording, name, token!), (bytes) => progress((done + bytes) / total));
    const chunks = await openTrack(identity!, sealed, (bytes) => progress((done + size + bytes) / total));
    done += size * 2;
    return chunks;
  };
  const files: OwnFile[] = [];
  for (const { name, size_bytes } of whole) {
    if (!own.test(name)) throw new Malformed("a track file has the name of somebody else's");
    const tail = tracks.find((other) => other.name === name.replace(/\.age$/, TAIL));
    const main = await unseal(name, size_bytes);
    const media = joined(main, tail ? await unseal(tail.name, tail.size_bytes) : null);
    const plain = name.replace(/\.age$/, "");
    files.push({ name: plain, save: () => saveFile(plain, media, mediaType(name)) });
  }
  return { state: goesOn ? "some" : "saved", files };
}
