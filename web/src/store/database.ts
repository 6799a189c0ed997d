// What this browser keeps (IndexedDB): keys that never leave it, receipts until they are downloaded, what was seen of each ledger.
// Nothing here names a person. Values are structured clones, so non-extractable keys can be kept.

const NAME = "unavoce";
const STORES = ["host_keys", "room_keys", "session_keys", "approvals", "checkpoints"] as const;
type StoreName = (typeof STORES)[number];

/** Browsers were seen to leave one waiting for their database for ever. Nobody waits longer than this for one answer of it. */
const PATIENCE_MS = 5_000;

let opening: Promise<IDBDatabase> | null = null;
const forgetConnection = (): void => { opening = null; };

function database(): Promise<IDBDatabase> {
  opening ??= new Promise((resolve, reject) => {
    const open = indexedDB.open(NAME, 1);
    open.onupgradeneeded = () => STORES.forEach((store) => open.result.createObjectStore(store));
    open.onsuccess = () => {
      // Site data may be cleared while the page is open: what is wanted after that is asked of a new connection.
      open.result.onclose = forgetConnection;
      open.result.onversionchange = () => { open.result.close(); forgetConnection(); };
      resolve(open.result);
    };
    open.onerror = () => reject(open.error ?? new Error("IndexedDB cannot be opened"));
  });
  return opening;
}

/** One table of IndexedDB, keyed by text. */
export class Table<T> {
  constructor(private readonly store: StoreName) {}

  get(key: string): Promise<T | undefined> {
    return this.run("readonly", (store) => store.get(key));
  }
  all(): Promise<T[]> {
    return this.run("readonly", (store) => store.getAll());
  }
  async put(key: string, value: T): Promise<void> {
    await this.run("readwrite", (store) => store.put(value, key));
  }
  async remove(key: string): Promise<void> {
    await this.run("readwrite", (store) => store.delete(key));
  }

  /** Reads and writes in one transaction, so that nothing comes between, here or in another tab. Writes nothing if `change` gives undefined. */
  async change<R extends T | undefined>(key: string, change: (value: T | undefined) => R): Promise<R> {
    let changed: R | undefined;
    await this.run("readwrite", (store) => {
      const read = store.get(key);
      read.onsuccess = () => {
        changed = change(read.result as T | undefined);
        if (changed !== undefined) store.put(changed, key);
      };
      return read;
    });
    return changed as R;
  }

  private async run<R>(mode: IDBTransactionMode, use: (store: IDBObjectStore) => IDBRequest): Promise<R> {
    let transaction: IDBTransaction;
    try {
      transaction = (await answered(database())).transaction(this.store, mode);
    } catch (error) {
      forgetConnection(); // one that cannot be opened, or not be used any more, is not the last one that is tried
      throw error;
    }
    const request = use(transaction.objectStore(this.store));
    return answered(new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve(request.result as R);
      transaction.onabort = transaction.onerror = () => reject(transaction.error ?? new Error("IndexedDB failed"));
    }));
  }
}

/** A write that it gave up waiting for may still be done. */
function answered<R>(wanted: Promise<R>): Promise<R> {
  let late: ReturnType<typeof setTimeout>;
  const patience = new Promise<never>((_, reject) => { late = setTimeout(() => reject(new Error("IndexedDB does not answer")), PATIENCE_MS); });
  return Promise.race([wanted, patience]).finally(() => clearTimeout(late));
}
