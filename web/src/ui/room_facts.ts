// Who is responsible, where it is stored, who helps, where to complain: as the room statement (or the service) says it.
import { T } from "../i18n/i18n.ts";
import type { Controller } from "../core/statements.ts";
import { h, type Child } from "./dom.ts";

export interface Facts { controllers: Controller[]; authority: string; location: string; processors: string[] }

export function facts(rows: [Child, Child, string?][]): HTMLElement {
  return h("dl", { class: "facts-list" }, ...rows.map(([term, value, testid]) => h("div", {}, h("dt", {}, term), h("dd", { testid }, value))));
}

export function controllersOf({ controllers }: Facts): Child {
  return h("ul", { class: "plain" }, ...controllers.map(({ name, contact }) => h("li", {}, name, contact ? h("span", { class: "muted" }, ` · ${contact}`) : null)));
}

export function roomFacts(room: Facts): HTMLElement {
  return facts([
    [T("fact_controllers"), controllersOf(room)],
    [T("fact_authority"), room.authority || T("fact_not_stated")],
    [T("fact_location"), room.location || T("fact_not_stated")],
    [T("fact_processors"), room.processors.length === 0 ? T("fact_processors_none") : room.processors.join(", ")],
  ]);
}
