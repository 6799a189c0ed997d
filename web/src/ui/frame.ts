// What all pages share: the header with the language switch, the footer, the place for the page's content.
import { bind, currentLanguage, say, switchLanguage, T, type Language, type Message } from "../i18n/i18n.ts";
import { fill, h, type Child } from "./dom.ts";

const NAMES: Record<Language, string> = { de: "Deutsch", en: "English" };

function languageSwitch(): HTMLElement {
  const buttons = (["de", "en"] as const).map((language) => {
    const button = h("button", { type: "button", class: "quiet small", testid: `lang-${language}`, lang: language, on: { click: () => switchLanguage(language) } }, NAMES[language]);
    bind(button, () => button.setAttribute("aria-pressed", String(currentLanguage() === language)));
    return button;
  });
  return h("div", { class: "languages", role: "group", "aria-label": T("language") }, ...buttons);
}

/** Draws the page around `content` and marks the document ready for use (and for tests). */
export function showPage(page: string, title: Message, ...content: Child[]): HTMLElement {
  const root = document.documentElement;
  root.lang = currentLanguage();
  root.dataset["page"] = page;
  const main = h("main", { id: "main", tabindex: "-1" }, ...content);
  fill(document.body,
    h("a", { class: "skip", href: "#main", on: { click: (event) => { event.preventDefault(); main.focus(); } } }, T("skip")),
    h("header", { class: "page-header" }, h("a", { class: "brand", href: "/" }, mark(), h("span", {}, "Unavoce")), languageSwitch()),
    main,
    h("footer", { class: "page-footer" },
      h("a", { href: "/privacy" }, T("privacy_link")), h("a", { href: "/withdraw" }, T("withdraw_link")), h("span", {}, T("footer_words"))));
  titleOfPage(title);
  return main;
}

let title: Message = T("language");
let titlePrefix: Message | null = null;
const titleOwner = {};

/** Sets the document's title; a prefix (recording) stays in front of it. */
export function titleOfPage(words: Message): void {
  title = words;
  bind(titleOwner, renderTitle);
}
export function prefixTitle(prefix: Message | null): void {
  titlePrefix = prefix;
  renderTitle();
}
function renderTitle(): void {
  document.title = `${titlePrefix ? say(titlePrefix) + " " : ""}${say(title)} – Unavoce`;
}

/** Tells people and tests that the page can be used now. */
export function ready(): void {
  document.documentElement.dataset["ready"] = "true";
}

/** Five voices that meet in one point. */
function mark(): SVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 32 32");
  svg.setAttribute("class", "mark");
  svg.setAttribute("aria-hidden", "true");
  for (const d of ["M3 6C12 6 14 16 23 16", "M3 11C11 11 15 16 23 16", "M3 16H23", "M3 21C11 21 15 16 23 16", "M3 26C12 26 14 16 23 16"]) {
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  const dot = document.createElementNS("http://www.w3.org/2000/svg", "circle");
  for (const [name, value] of [["cx", "26"], ["cy", "16"], ["r", "3.500"]] as const) dot.setAttribute(name, value);
  svg.append(dot);
  return svg;
}
