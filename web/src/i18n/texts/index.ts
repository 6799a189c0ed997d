// All words, English and German side by side so that neither drifts. Plain words: what happens, to whom, what one can do.
import { common } from "./common.ts";
import { host } from "./host.ts";
import { meeting } from "./meeting.ts";
import { player } from "./player.ts";
import { prompt } from "./prompt.ts";
import { start } from "./start.ts";
import { withdraw } from "./withdraw.ts";

export type Pair = readonly [en: string, de: string];
export const TEXTS = { ...common, ...start, ...host, ...meeting, ...prompt, ...player, ...withdraw } satisfies Record<string, Pair>;
