// The host's recordings, newest first.
import { sayTime, T, type Message, type TextKey } from "../i18n/i18n.ts";
import { api, type RecordingListed } from "../net/api.ts";
import { fill, h, keepFocus } from "../ui/dom.ts";
import { inWords } from "../ui/problems.ts";
import { eraseButton } from "./erase_recording.ts";

export async function showRecordings(into: HTMLElement, news: Message | null = null): Promise<void> {
  const status = h("p", { role: "status", testid: "recordings-status" });
  const again = (words: Message): void => void showRecordings(into, words).then(keepFocus); // the button that had it is gone
  try {
    const recordings = (await api.recordings()).sort((a, b) => b.requested_ms - a.requested_ms);
    fill(into, status, recordings.length === 0 ? h("p", { class: "empty" }, T("recordings_empty"))
      : h("ul", { class: "rows", testid: "recordings-list" }, ...recordings.map((listed) => row(listed, again))));
  } catch (error) {
    fill(into, status, h("p", { class: "problem", role: "alert" }, inWords(error)));
  }
  fill(status, news); // put in when it is there already: then it is spoken
}

function row(listed: RecordingListed, again: (words: Message) => void): HTMLElement {
  const { recording, purpose, state, requested_ms, delete_after_ms, tracks } = listed;
  const stateWords = T(`state_${state}` as TextKey);
  const erasing = state === "erasing"; // nothing of it is given out any more
  return h("li", { class: "row", testid: "recording-item", data: { recording, state } },
    h("div", {}, h("h3", {}, purpose),
      h("p", { class: "muted" }, T("recording_from", { when: T("plain", { text: sayTime(requested_ms) }), state: stateWords })),
      erasing ? null : h("p", { class: "muted" }, T("recording_tracks", { count: tracks.filter(({ empty, erased, name }) => !empty && !erased && /\.(webm|mkv)\.age$/.test(name)).length }), " · ", T("recording_until", { date: new Date(delete_after_ms) }))),
    h("div", { class: "kept" }, eraseButton(listed, () => again(T("recording_erase_done", { purpose, when: sayTime(requested_ms) }))),
      erasing ? null : h("a", { testid: "recording-open", class: "button", href: `/host#recording=${recording}` }, T("recording_open"))));
}
