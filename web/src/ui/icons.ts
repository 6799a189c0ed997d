// Our own small drawings, as elements (no inline HTML). Decorative: the words beside them say everything.
const SVG = "http://www.w3.org/2000/svg";

const DRAWINGS = {
  record: "M12 5a7 7 0 1 1 0 14 7 7 0 0 1 0-14Z",
  pause: "M8 5h3v14H8zM14 5h3v14h-3z",
  microphone: "M12 3a3 3 0 0 1 3 3v6a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3ZM6 11a6 6 0 0 0 12 0M12 17v4",
  camera: "M3 7h12v10H3zM15 10.5l6-3v9l-6-3z",
  screen: "M3 4h18v12H3zM8 20h8M12 16v4",
  leave: "M10 4H5v16h5M14 8l4 4-4 4M18 12H9",
  check: "M5 12.5l4.5 4.5L19 7.5",
  cross: "M6 6l12 12M18 6L6 18",
  waiting: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16ZM12 8v4.5l3 2",
  key: "M8.5 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM12.5 12H21M18 12v3",
  shield: "M12 3l7 3v5c0 5-3 8.500-7 10-4-1.500-7-5-7-10V6zM9 12l2.200 2.200L15.500 10",
  warning: "M12 4l9 16H3zM12 10v4.500M12 17.200v.3",
  play: "M8 5l11 7-11 7z",
  download: "M12 4v11M7 10.500l5 5 5-5M5 20h14",
  undo: "M9 6L4 11l5 5M4 11h10a6 6 0 0 1 0 12h-2",
  pencil: "M4 20l1-4L16 5l3 3L8 19zM14 7l3 3",
} as const;
export type Icon = keyof typeof DRAWINGS;
const FILLED: ReadonlySet<Icon> = new Set(["record", "pause", "play"]);

export function icon(name: Icon): SVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", FILLED.has(name) ? "icon filled" : "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", DRAWINGS[name]);
  svg.append(path);
  return svg;
}
