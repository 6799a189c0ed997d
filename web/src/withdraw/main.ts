// Takes an approval back with the participant's key file: shows what will happen, sends the withdrawal that was signed in advance,
// repeats until the service acknowledges it, and gives the proof to keep. Of a recording that was deleted as a whole it says that instead.
// The consent key in the file is never sent; it opens one's own part, here in the page, when somebody asks for it.
import { Malformed } from "../core/bytes.ts";
import { parseKeyFile, type KeyFile } from "../core/identity.ts";
import { T } from "../i18n/i18n.ts";
import { Ledgers } from "../ledger/ledgers.ts";
import { api } from "../net/api.ts";
import { field, fill, h } from "../ui/dom.ts";
import { ready, showPage } from "../ui/frame.ts";
import { ledgerAlarm } from "../ui/ledger_alarm.ts";
import { sentAgain } from "../room/sent_again.ts";
import { inWords } from "../ui/problems.ts";
import type { Service } from "./deletion.ts";
import { isAbout, isFromElsewhere, KeyFileSlot, type Page } from "./key_file_slot.ts";

const ledgers = new Ledgers();
let service: Service | null = null;
/** Counts the files chosen: an answer about one that is not the last any more is not shown. */
let chosenFiles = 0;
const file = h("input", { type: "file", testid: "withdraw-file" });
const problem = h("p", { class: "problem", role: "alert", testid: "withdraw-error" });
const page: Page = { known: () => service, find: findService, complain: (words) => fill(problem, words) };
/** The file chosen last; below it those that were being sent when another one was chosen. */
let slot = new KeyFileSlot(page, "", false);
const slots = [slot];
const list = h("div", {}, slot.element);
const card = h("div", { class: "card" }, field(T("withdraw_file"), file, T("withdraw_file_hint")), problem, list);
const lost = h("p", { class: "muted", testid: "withdraw-lost" }, T("withdraw_lost"));
const content = h("div", { class: "narrow" }, h("h1", {}, T("withdraw_page_title")), h("p", { class: "lead" }, T("withdraw_page_lead")), ledgerAlarm(ledgers), sentAgain(null, findService, () => undefined), card, lost);
showPage("withdraw", T("withdraw_page_title"), content);

/** What the file says, once its withdrawal is found to be signed and about the recording it names. */
async function read(chosen: Blob): Promise<KeyFile> {
  const keyFile = parseKeyFile(await chosen.text());
  if (!(await isAbout(keyFile))) throw new Malformed("the withdrawal in the file is about another recording");
  return keyFile;
}

/** An empty slot: the last one's, or a new one above if that is still sending. */
function freeSlot(name: string): KeyFileSlot {
  if (slot.isSending) {
    slot.stepAside();
    slots.push((slot = new KeyFileSlot(page, name, true)));
    list.prepend(slot.element);
  } else slot.reset(name);
  return slot;
}

async function take(chosen: File): Promise<void> {
  const mine = ++chosenFiles;
  fill(problem);
  const free = freeSlot(chosen.name);
  try {
    const keyFile = await read(chosen);
    if (slots.some((one) => one.sends(keyFile))) return fill(problem, T("withdraw_already", { file: chosen.name }));
    const deletion = isFromElsewhere(keyFile) ? null : await free.findDeletion(keyFile);
    if (mine === chosenFiles) free.show(keyFile, deletion);
  } catch (error) {
    if (mine === chosenFiles) fill(problem, inWords(error));
  }
}

/** Ledger and key of this service; looked up beforehand, so that a withdrawal finds out what its answer may not be older than. */
async function findService(): Promise<Service> {
  const { ledger, service_key } = await api.config();
  return (service ??= { watch: ledgers.of(ledger), serviceKey: service_key });
}

file.addEventListener("change", () => file.files?.[0] && void take(file.files[0]));
card.addEventListener("dragover", (event) => event.preventDefault());
card.addEventListener("drop", (event) => {
  event.preventDefault();
  const dropped = event.dataTransfer?.files[0];
  if (dropped) void take(dropped);
});
void findService().catch(() => undefined).finally(ready);
