// The ledger's tree as the public sees it: C2SP tlog-tiles (FORMATS.md section 4). A tile of level L holds up to 256 roots over 256^L
// leaves each. Pure but for `fetchTile`; throws Malformed for a tile of a wrong size, and what fetchTile throws.
import { Malformed, type Bytes } from "./bytes.ts";
import { nodeHash } from "./merkle.ts";

const TILE_WIDTH = 256;
const HASH_BYTES = 32;

/** The bytes at `<L>/<N>[.p/<W>]`, from wherever they are. */
export type FetchTile = (path: string) => Promise<Bytes>;

/** `7` → `007`, `1234067` → `x001/x234/067`. */
function spell(index: number): string {
  const last = String(index % 1000).padStart(3, "0");
  const groups: string[] = [];
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) groups.unshift(`x${String(rest % 1000).padStart(3, "0")}/`);
  return groups.join("") + last;
}

/** The one spelling of a tile's address; a tile of less than 256 hashes says how many. */
export const tilePath = (level: number, index: number, width: number): string =>
  `${level}/${spell(index)}${width === TILE_WIDTH ? "" : `.p/${width}`}`;

/** How many hashes tile `index` of `level` has in a tree of `size` leaves: 0 to 256. */
export const tileWidth = (size: number, level: number, index: number): number =>
  Math.max(0, Math.min(TILE_WIDTH, Math.floor(size / TILE_WIDTH ** level) - index * TILE_WIDTH));

/** Where RFC 6962 divides a tree: the largest power of two below `count`. */
export function splitOf(count: number): number {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}

/** The level of which one hash stands for exactly `count` leaves, or null. */
function levelOf(count: number): number | null {
  let level = 0;
  while (TILE_WIDTH ** level < count) level++;
  return TILE_WIDTH ** level === count ? level : null;
}

/** Hashes of the tree of `size` leaves, as its tiles have them: nothing here is believed before it leads to a signed root. */
export class TiledTree {
  private readonly tiles = new Map<string, Promise<Bytes>>();
  private readonly roots = new Map<string, Promise<Bytes>>();
  constructor(readonly size: number, private readonly fetchTile: FetchTile) {}

  /** The root over the leaves from `begin` up to `end`, which must be a node of the tree or of one it grew from. */
  root(begin: number, end: number): Promise<Bytes> {
    return remembered(this.roots, `${begin} ${end}`, () => this.makeRoot(begin, end));
  }

  private async makeRoot(begin: number, end: number): Promise<Bytes> {
    const level = levelOf(end - begin);
    if (level !== null) return this.hash(level, begin / TILE_WIDTH ** level);
    const middle = begin + splitOf(end - begin);
    return nodeHash(...(await Promise.all([this.root(begin, middle), this.root(middle, end)])));
  }

  private async hash(level: number, index: number): Promise<Bytes> {
    const tile = Math.floor(index / TILE_WIDTH);
    const width = tileWidth(this.size, level, tile);
    const path = tilePath(level, tile, width);
    const bytes = await remembered(this.tiles, path, () => this.fetchTile(path));
    if (bytes.length !== width * HASH_BYTES) throw new Malformed(`tile ${path} has ${bytes.length} bytes instead of ${width * HASH_BYTES}`);
    const at = (index % TILE_WIDTH) * HASH_BYTES;
    return bytes.slice(at, at + HASH_BYTES);
  }
}

function remembered<T>(known: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const made = known.get(key) ?? make();
  known.set(key, made);
  return made;
}
