// The host's recordings, newest first.
import { sayTime, T, type TextKey } from "../i18n/i18n.ts";
import { api, type RecordingListed } from "../net/api.ts";
import { fill, h } from "../ui/dom.ts";
import { inWords } from "../ui/problems.ts";

export async function showRecordings(into: HTMLElement): Promise<void> {
  try {
    const recordings = (await api.recordings()).sort((a, b) => b.requested_ms - a.requested_ms);
    fill(into, recordings.length === 0 ? h("p", { class: "empty" }, T("recordings_empty"))
      : h("ul", { class: "rows", testid: "recordings-list" }, ...recordings.map(row)));
  } catch (error) {
    fill(into, h("p", { class: "problem", role: "alert" }, inWords(error)));
  }
}

function row({ recording, purpose, state, requested_ms, delete_after_ms, tracks }: RecordingListed): HTMLElement {
  const stateWords = T(`state_${state}` as TextKey);
  return h("li", { class: "row", testid: "recording-item", data: { recording, state } },
    h("div", {}, h("h3", {}, purpose),
      h("p", { class: "muted" }, T("recording_from", { when: T("plain", { text: sayTime(requested_ms) }), state: stateWords })),
      h("p", { class: "muted" }, T("recording_tracks", { count: tracks.filter(({ empty, erased, name }) => !empty && !erased && /\.(webm|mkv)\.age$/.test(name)).length }), " · ", T("recording_until", { date: new Date(delete_after_ms) }))),
    h("a", { testid: "recording-open", class: "button", href: `/host#recording=${recording}` }, T("recording_open")));
}
