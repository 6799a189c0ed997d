// Serves one file to whoever has the token, on a port of its own, which it prints. For tests of https addresses.
// usage: node bundle_server.mjs FILE PATH TOKEN
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';

const [file, path, token] = process.argv.slice(2);
const server = createServer((request, response) => {
  if (request.url !== path) return response.writeHead(404).end();
  if (request.headers.authorization !== `Bearer ${token}`) return response.writeHead(401).end();
  response.writeHead(200, { 'Content-Type': 'application/x-tar' });
  createReadStream(file).pipe(response);
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
