// The words in which the test double answers.
import type { ServerResponse } from "node:http";
import type { WebSocket } from "ws";

/** Nothing, if they are not connected. */
export function send(socket: WebSocket | null, message: object): void {
  if (socket?.readyState === 1) socket.send(JSON.stringify(message));
}
/** A join that was refused leaves nothing to do on its connection. */
export function refuse(socket: WebSocket, code: string): void {
  send(socket, { type: "problem", problem: { code, status: 409, detail: `the join is refused: ${code}` } });
  socket.close();
}
/** As RFC 9457 has it. */
export function problem(response: ServerResponse, status: number, code: string, detail: string): void {
  response.writeHead(status, { "Content-Type": "application/problem+json" }).end(JSON.stringify({ type: "about:blank", title: code, status, detail, code }));
}
