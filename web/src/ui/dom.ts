// The few lines between us and the DOM: h() makes an element. Text is always set as text, never parsed as HTML;
// there are no inline styles (the page's Content-Security-Policy forbids them).
import { bind, isMessage, say, type Message } from "../i18n/i18n.ts";

export type Child = Node | string | Message | null | undefined | false | Child[];
type Handlers = { [E in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[E]) => void };
export interface Props {
  testid?: string;
  class?: string;
  on?: Handlers;
  data?: Record<string, string>;
  [attribute: string]: unknown;
}

export function h<K extends keyof HTMLElementTagNameMap>(tag: K, props: Props = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) setProp(element, name, value);
  element.append(...nodes(children));
  return element;
}

function setProp(element: HTMLElement, name: string, value: unknown): void {
  if (value === undefined || value === null || value === false) return;
  if (name === "testid") element.dataset["testid"] = String(value);
  else if (name === "data") Object.assign(element.dataset, value);
  else if (name === "on") for (const [event, handler] of Object.entries(value as Handlers)) element.addEventListener(event, handler as EventListener);
  else if (isMessage(value)) bind(element, () => element.setAttribute(name, say(value)));
  else element.setAttribute(name, value === true ? "" : String(value));
}

function nodes(children: Child[]): Node[] {
  return children.flat(Infinity as 1).flatMap((child) => {
    if (child === null || child === undefined || child === false) return [];
    if (child instanceof Node) return [child];
    return [typeof child === "string" ? document.createTextNode(child) : textOf(child as Message)];
  });
}

/** A text node that follows the language. */
export function textOf(message: Message): Text {
  const node = document.createTextNode("");
  bind(node, () => { node.data = say(message); });
  return node;
}

export function fill(element: Element, ...children: Child[]): void {
  element.replaceChildren(...nodes(children));
}

const filled = new WeakMap<Element, string>();
/** For what is spoken when it changes (a status, an alert): filled anew only when `key` is another, because it is spoken anew then. */
export function fillIfNew(element: Element, key: unknown, children: () => Child[]): void {
  const now = JSON.stringify([key]);
  if (filled.get(element) === now) return;
  filled.set(element, now);
  fill(element, ...children());
}

/** When what had the focus is gone, the title of what is in front gets it: nobody who goes by keyboard or ear is left nowhere. */
export function keepFocus(): void {
  const holder = document.activeElement;
  if (holder !== null && holder !== document.body && holder.getClientRects().length > 0) return;
  const inFront = [...document.querySelectorAll("dialog[open]")].at(-1)?.querySelector("h2") ?? document.querySelector<HTMLElement>("main h1[tabindex]") ?? document.querySelector("main");
  inFront?.focus({ preventScroll: true });
}

let labels = 0;
/** A label, its control, and a hint that is read with it. */
export function field(label: Child, control: HTMLElement, hint?: Child): HTMLElement {
  control.id ||= `field-${++labels}`;
  const hintId = `${control.id}-hint`;
  if (hint) control.setAttribute("aria-describedby", hintId);
  return h("div", { class: "field" }, h("label", { for: control.id }, label), control, hint ? h("p", { class: "hint", id: hintId }, hint) : null);
}

export function checkbox(testid: string, label: Child, hint?: Child, props: Props = {}): { row: HTMLElement; input: HTMLInputElement } {
  const input = h("input", { type: "checkbox", testid, id: `field-${++labels}`, ...props });
  const words = h("span", {}, h("label", { for: input.id }, label), hint ? h("span", { class: "hint", id: `${input.id}-hint` }, hint) : null);
  if (hint) input.setAttribute("aria-describedby", `${input.id}-hint`);
  return { input, row: h("div", { class: "check" }, input, words) };
}

/** Offers a file to save. The object URL lives long enough for the browser to begin. */
export function saveFile(name: string, content: BlobPart[], type: string): void {
  const url = URL.createObjectURL(new Blob(content, { type }));
  const link = h("a", { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Runs a handler with its button busy; a failure is shown in `problem` and not thrown. */
export function busy(button: HTMLButtonElement, problem: HTMLElement | null, work: () => Promise<void>, explain: (error: unknown) => Child): () => void {
  return () => {
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    if (problem) fill(problem);
    void work()
      .catch((error: unknown) => {
        if (problem) fill(problem, explain(error));
        else console.error(error);
      })
      .finally(() => button.removeAttribute("aria-busy"));
  };
}
