// Serves FOLDER as a service's public ledger on a port of its own, which it prints: /ledger/… are its files, and
// /api/v1/config names the key in FOLDER/vkey. usage: node ledger_server.mjs FOLDER
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join, normalize } from 'node:path';

const folder = process.argv[2];
const server = createServer((request, response) => {
  try {
    if (request.url === '/api/v1/config') {
      const vkey = readFileSync(join(folder, 'vkey'), 'utf8');
      return response.writeHead(200).end(JSON.stringify({ ledger: { vkey } }));
    }
    const name = normalize(request.url).replace(/^\/ledger\//, '');
    const file = readFileSync(join(folder, name));
    return response.writeHead(200).end(file);
  } catch {
    return response.writeHead(404).end();
  }
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
