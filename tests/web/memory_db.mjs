// What the pages use of IndexedDB and localStorage, in memory, for tests that need no browser.
export function memoryDatabase() {
  const stores = new Map();
  const request = (work, settled = () => {}) => {
    const asked = {};
    queueMicrotask(() => { asked.result = work(); asked.onupgradeneeded?.(); asked.onsuccess?.(); settled(); });
    return asked;
  };
  const transaction = (name) => {
    const values = stores.get(name);
    const running = {};
    let open = 0;
    const within = (work) => {
      open++;
      return request(work, () => queueMicrotask(() => --open === 0 && running.oncomplete?.()));
    };
    running.objectStore = () => ({
      get: (key) => within(() => structuredClone(values.get(key))),
      getAll: () => within(() => structuredClone([...values.values()])),
      put: (value, key) => { const copy = structuredClone(value); return within(() => void values.set(key, copy)); },
      delete: (key) => within(() => void values.delete(key)),
    });
    return running;
  };
  const database = { transaction, createObjectStore: (name) => stores.set(name, stores.get(name) ?? new Map()) };
  return { open: () => request(() => database) };
}

export function memoryStorage() {
  const values = new Map();
  return {
    get length() { return values.size; },
    key: (n) => [...values.keys()][n] ?? null,
    getItem: (name) => values.get(name) ?? null,
    setItem: (name, value) => void values.set(name, String(value)),
    removeItem: (name) => void values.delete(name),
  };
}
