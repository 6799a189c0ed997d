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
  const connections = [];
  const connect = () => {
    const connection = { createObjectStore: (name) => stores.set(name, stores.get(name) ?? new Map()), close: () => { connection.closed = true; } };
    connection.transaction = (name) => {
      if (connection.closed) throw new Error('the connection is closed');
      return transaction(name);
    };
    connections.push(connection);
    return connection;
  };
  return {
    open: () => request(connect),
    /** As when the site's data is cleared while its pages are open: everything is gone, and every connection is closed. */
    clear() {
      stores.forEach((values) => values.clear());
      for (const connection of connections.splice(0)) { connection.close(); connection.onclose?.(); }
    },
  };
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
