// The player: everyone's picture and sound of a take, one bar for all; each track can be saved as the file it is.
import { T } from "../i18n/i18n.ts";
import { fill, h } from "../ui/dom.ts";
import { icon } from "../ui/icons.ts";
import type { Opened, OpenedTrack } from "./open_recording.ts";
import { lengthOf, type Recording, type TakeOf } from "./recording.ts";
import { SyncPlayer, type Part } from "./sync_player.ts";

export function playerView(recording: Recording, opened: Opened): HTMLElement {
  const tiles = h("ul", { class: "player-tiles" });
  const play = h("button", { type: "button", class: "primary", testid: "player-play" });
  const seek = h("input", { type: "range", min: "0", value: "0", step: "100", testid: "player-seek", "aria-label": T("player_position") });
  const time = h("output", { testid: "player-time", "aria-live": "off" });
  let lengthMs = 0;
  let shown: boolean | null = null;
  const player = new SyncPlayer((timeMs, playing) => {
    seek.value = String(timeMs);
    seek.setAttribute("aria-valuetext", clock(timeMs));
    time.textContent = `${clock(timeMs)} / ${clock(lengthMs)}`;
    if (shown !== playing) fill(play, icon(playing ? "pause" : "play"), T(playing ? "player_pause" : "player_play"));
    play.dataset["state"] = playing ? "playing" : "paused";
    shown = playing;
  });
  play.addEventListener("click", () => (player.playing ? player.pause() : player.play()));
  seek.addEventListener("input", () => player.seek(Number(seek.value)));

  const buttons = recording.takes.map((take) => h("button", { type: "button", testid: "player-take", data: { take: String(take.number) }, on: { click: () => show(take) } }, T("player_take", { number: take.number })));
  const show = (take: TakeOf): void => {
    lengthMs = lengthOf(take);
    seek.max = String(lengthMs);
    buttons.forEach((button) => button.setAttribute("aria-pressed", String(button.dataset["take"] === String(take.number))));
    const parts = opened.tracks.filter((track) => track.take === take.number).map(part);
    tiles.querySelectorAll("video").forEach((video) => URL.revokeObjectURL(video.src));
    fill(tiles, ...parts.map(({ tile }) => tile));
    player.load(parts, lengthMs);
  };
  const first = recording.takes.find(({ tracks }) => tracks.length > 0);
  if (first) show(first);
  return h("section", { class: "card", testid: "recording-player", "aria-label": T("player_label") },
    buttons.length > 1 ? h("div", { class: "takes", role: "group", "aria-label": T("player_takes") }, ...buttons) : null,
    tiles, h("div", { class: "player-bar" }, play, seek, time));
}

function part({ track, name, media }: OpenedTrack): Part & { tile: HTMLElement } {
  const element = h("video", { playsinline: true, preload: "auto", src: URL.createObjectURL(media), "aria-label": name, tabindex: "-1" });
  const picture = track.frames_video > 0;
  element.classList.toggle("visually-hidden", !picture);
  const tile = h("li", { class: "tile", testid: "player-tile", data: { approval: track.approval, name } }, element,
    picture ? null : h("span", { class: "initial", "aria-hidden": "true" }, Array.from(name)[0]?.toUpperCase() ?? "?"),
    h("div", { class: "tile-caption" }, h("span", {}, name)));
  return { tile, element, offsetMs: track.offset_ms, endMs: track.offset_ms + Math.max(track.last_ms, track.duration_ms) };
}

export function clock(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const two = (n: number): string => String(n).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  return `${hours > 0 ? `${hours}:` : ""}${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}
