// Takes an approval back with the participant's key file: shows what will happen, sends the withdrawal that was signed in advance,
// and repeats until the service acknowledges it. The consent key in the file is never sent; it opens one's own part, here in the page, when somebody asks for it.
import { openStatement } from "../core/dsse.ts";
import { parseKeyFile, type KeyFile } from "../core/identity.ts";
import { Malformed } from "../core/bytes.ts";
import { checkAcknowledgement } from "../core/proof.ts";
import { sayTime, T } from "../i18n/i18n.ts";
import { Ledgers } from "../ledger/ledgers.ts";
import type { LedgerWatch } from "../ledger/watch.ts";
import { api } from "../net/api.ts";
import { submitUntilAcknowledged } from "../net/submit.ts";
import { field, fill, h } from "../ui/dom.ts";
import { ready, showPage } from "../ui/frame.ts";
import { ledgerAlarm } from "../ui/ledger_alarm.ts";
import { ownPart } from "../ui/own_part.ts";
import { inWords } from "../ui/problems.ts";
import { facts } from "../ui/room_facts.ts";

const ledgers = new Ledgers();
let watch: LedgerWatch | null = null;
const file = h("input", { type: "file", testid: "withdraw-file" });
const summary = h("section", { testid: "withdraw-summary", hidden: true });
const problem = h("p", { class: "problem", role: "alert", testid: "withdraw-error" });
const status = h("p", { testid: "withdraw-status", role: "status" });
const card = h("div", { class: "card" }, field(T("withdraw_file"), file, T("withdraw_file_hint")), problem, summary, status);
const content = h("div", { class: "narrow" }, h("h1", {}, T("withdraw_page_title")), h("p", { class: "lead" }, T("withdraw_page_lead")), ledgerAlarm(ledgers), card);
showPage("withdraw", T("withdraw_page_title"), content);

/** What the file says, once its withdrawal is found to be signed and about the recording it names. */
async function read(chosen: Blob): Promise<KeyFile> {
  const keyFile = parseKeyFile(await chosen.text());
  const { body } = await openStatement("withdrawal", keyFile.withdrawal);
  if (body.recording !== keyFile.recording) throw new Malformed("the withdrawal in the file is about another recording");
  return keyFile;
}

async function take(chosen: Blob): Promise<void> {
  fill(problem);
  summary.hidden = true;
  try {
    show(await read(chosen));
  } catch (error) {
    fill(problem, inWords(error));
  }
}

function show(keyFile: KeyFile): void {
  const short = (id: string): HTMLElement => h("span", { class: "mono" }, id);
  const elsewhere = new URL(keyFile.server).origin !== location.origin;
  const send = h("button", { type: "button", class: "danger", testid: "withdraw-send", on: { click: () => void sendIt(keyFile, send) } }, T("withdraw_send"));
  summary.hidden = false;
  fill(summary, h("h2", {}, T("withdraw_what_title")),
    facts([[T("withdraw_server"), keyFile.server], [T("withdraw_recording"), short(keyFile.recording)], [T("withdraw_approval"), short(keyFile.approval)]]),
    elsewhere
      ? h("p", { class: "note warning" }, T("withdraw_other_server", { server: keyFile.server }))
      : [h("p", {}, T("withdraw_what")), h("p", {}, T("withdraw_not_erased")), h("div", { class: "actions" }, send), ownPart(() => keyFile)]);
}

/** The ledger of this service; looked up beforehand, so that a withdrawal finds out what its answer may not be older than. */
const findLedger = async (): Promise<LedgerWatch> => ledgers.of((await api.config()).ledger);

async function sendIt(keyFile: KeyFile, button: HTMLButtonElement): Promise<void> {
  button.disabled = true;
  status.dataset["state"] = "sending";
  fill(status, T("withdraw_page_sending"));
  try {
    const before = (await watch?.asking().catch(() => null)) ?? null;
    const accepted = await submitUntilAcknowledged(keyFile.withdrawal);
    const { ledger } = (watch ??= await findLedger());
    const { entry, head, checkpoint } = await checkAcknowledgement(accepted, keyFile.withdrawal, ledger);
    await watch.saw({ ...head, note: checkpoint }, before);
    status.dataset["state"] = "done";
    status.className = "note";
    fill(status, T("withdraw_page_done", { when: sayTime(entry.received_ms) }));
    summary.hidden = true;
  } catch (error) {
    button.disabled = false;
    status.dataset["state"] = "failed";
    fill(status, T("withdraw_page_failed", { detail: inWords(error) }));
  }
}

file.addEventListener("change", () => file.files?.[0] && void take(file.files[0]));
card.addEventListener("dragover", (event) => event.preventDefault());
card.addEventListener("drop", (event) => {
  event.preventDefault();
  const dropped = event.dataTransfer?.files[0];
  if (dropped) void take(dropped);
});
void findLedger().then((found) => { watch = found; }).catch(() => undefined).finally(ready);
