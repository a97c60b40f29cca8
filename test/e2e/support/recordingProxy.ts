/**
 * Stands between actors and their L1: keeps every transaction that they sent, whatever became of it, and loses the
 * answers to some sends.
 */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

import type { Random } from "../../../actors/traffic/random.ts";

/** One send in so many gets no answer. */
const LOSE_ONE_IN = 12;

export interface RecordingProxy {
  url: string;
  /** Raw transactions in the order in which they came. */
  sent: string[];
  stop(): Promise<void>;
}

/** Opens a proxy on a free port. */
export async function openRecordingProxy(target: string, random: Random): Promise<RecordingProxy> {
  const sent: string[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const body = await bodyOf(request);
      const answer = await fetch(target + request.url!, {
        method: request.method!,
        headers: { "content-type": "application/json" },
        ...(request.method === "POST" ? { body } : {}),
      });
      const text = await answer.text();
      if (body.includes("eth_sendRawTransaction")) {
        sent.push((JSON.parse(body) as { params: [string] }).params[0]);
        if (random.below(LOSE_ONE_IN) === 0) {
          request.socket.destroy();
          return;
        }
      }
      response.writeHead(answer.status, { "content-type": "application/json" }).end(text);
    })().catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sent,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
