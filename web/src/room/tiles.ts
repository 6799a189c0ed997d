// The pictures of everyone: one tile per participant, one more per shared screen. Sound plays from the tile's video element.
import { T } from "../i18n/i18n.ts";
import type { RosterEntry } from "../net/messages.ts";
import type { Picture, StreamRole } from "../net/peer.ts";
import { fill, h } from "../ui/dom.ts";

interface Tile { element: HTMLElement; video: HTMLVideoElement; initial: HTMLElement; caption: HTMLElement; stream: MediaStream | null }

export class Tiles {
  readonly element = h("ul", { class: "tiles", "aria-label": T("tiles_label") });
  private readonly tiles = new Map<string, Tile>();
  private names = new Map<string, RosterEntry>();
  private readonly pictures = new Map<string, Picture>();
  private me = "";

  follow(roster: RosterEntry[], me: string): void {
    this.me = me;
    this.names = new Map(roster.map((entry) => [entry.participant, entry]));
    for (const entry of roster) this.caption(this.tile(entry.participant, "camera"), entry, "camera");
    for (const [key, tile] of this.tiles) {
      const [participant] = key.split("/") as [string];
      const entry = this.names.get(participant);
      if (entry) this.caption(tile, entry, key.endsWith("/screen") ? "screen" : "camera");
      else this.remove(key);
    }
  }

  show(participant: string, role: StreamRole, stream: MediaStream | null): void {
    if (role === "screen" && stream === null) return this.remove(`${participant}/screen`);
    if (!this.names.has(participant) && stream === null) return;
    const tile = this.tile(participant, role);
    tile.stream = stream;
    if (tile.video.srcObject !== stream) tile.video.srcObject = stream;
    if (stream) void tile.video.play().catch(() => undefined); // sound before any click: the browser may want one first
    const entry = this.names.get(participant);
    if (entry) this.caption(tile, entry, role);
    this.draw(tile, participant, role);
  }

  /** Whether somebody's camera is on, as they say; without it the tile shows the first letter of the name. */
  picture(participant: string, picture: Picture): void {
    this.pictures.set(participant, picture);
    const tile = this.tiles.get(`${participant}/camera`);
    if (tile) this.draw(tile, participant, "camera");
  }

  private draw(tile: Tile, participant: string, role: StreamRole): void {
    const visible = tile.stream !== null && (role === "screen" || this.pictures.get(participant) === "on");
    tile.video.classList.toggle("visually-hidden", !visible);
    tile.initial.hidden = visible;
  }

  private tile(participant: string, role: StreamRole): Tile {
    const key = `${participant}/${role}`;
    const known = this.tiles.get(key);
    if (known) return known;
    const self = participant === this.me;
    const video = h("video", { testid: "tile-video", playsinline: true, autoplay: true, tabindex: "-1", class: "visually-hidden" });
    video.muted = self;
    const tile: Tile = {
      video, stream: null, initial: h("span", { class: "initial", "aria-hidden": "true" }), caption: h("div", { class: "tile-caption" }),
      element: h("li", { testid: "tile", class: `tile ${role}${self && role === "camera" ? " mirrored" : ""}`, data: { participant, self: String(self), role } }),
    };
    tile.element.append(video, tile.initial, tile.caption);
    this.tiles.set(key, tile);
    this.element.append(tile.element);
    return tile;
  }

  private caption(tile: Tile, { name, participant, role }: RosterEntry, part: StreamRole): void {
    if (tile.element.dataset["name"] === name) return;
    tile.element.dataset["name"] = name;
    tile.initial.textContent = Array.from(name.trim())[0]?.toUpperCase() ?? "?";
    const words = part === "screen" ? T("tile_screen", { name }) : participant === this.me ? T("tile_self", { name }) : T("plain", { text: name });
    fill(tile.caption, h("span", { testid: "tile-name" }, words), role === "host" ? h("span", {}, T("role_host")) : null);
    tile.video.setAttribute("aria-label", name);
  }

  private remove(key: string): void {
    this.tiles.get(key)?.element.remove();
    this.tiles.delete(key);
  }
}
