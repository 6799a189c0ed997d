// A service that gives a participant their own part: below PATH the list of their files in FOLDER, and the files, to whoever has the
// token. Prints its port. usage: node own_server.mjs FOLDER PATH PREFIX TOKEN      (theirs are the files whose names begin with PREFIX)
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

const [folder, path, prefix, token] = process.argv.slice(2);
const server = createServer((request, response) => {
  if (request.headers.authorization !== `Bearer ${token}`) return response.writeHead(401).end();
  const own = readdirSync(folder).filter((name) => name.startsWith(prefix));
  if (request.url === path) {
    const tracks = own.map((name) => ({ name, size_bytes: statSync(join(folder, name)).size }));
    return response.writeHead(200).end(JSON.stringify({ state: 'sealed', tracks }));
  }
  const name = request.url.slice(path.length + 1);
  return own.includes(name) ? response.writeHead(200).end(readFileSync(join(folder, name))) : response.writeHead(404).end();
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
