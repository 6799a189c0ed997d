// A service that answers as a test has written down: GET /api/v1/config with `config`, GET of any /erasure with `erasure` if there is one, and every POST with the next of `posts`
// (the last one for ever). Prints its port; writes every body it was sent, a line each, to LOG.
// usage: node scripted_server.mjs SCRIPT LOG       SCRIPT: {"config":{…},"erasure":{…},"posts":[{"status","headers","body"},…]}
import { appendFileSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const [script, log] = process.argv.slice(2);
const { config, erasure, posts } = JSON.parse(readFileSync(script, 'utf8'));
const server = createServer(async (request, response) => {
  if (request.method === 'GET' && request.url === '/api/v1/config') return response.writeHead(200).end(JSON.stringify(config));
  if (erasure && request.method === 'GET' && /^\/api\/v1\/recordings\/[0-9a-f]{32}\/erasure$/.test(request.url)) return response.writeHead(200).end(JSON.stringify(erasure));
  if (request.method !== 'POST' || request.url !== '/api/v1/statements') return response.writeHead(404).end();
  let body = '';
  for await (const piece of request) body += piece;
  appendFileSync(log, body + '\n');
  const answer = posts.length > 1 ? posts.shift() : posts[0];
  response.writeHead(answer.status, answer.headers ?? {}).end(JSON.stringify(answer.body ?? {}));
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
