import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { ActorError, messageOf } from "./actorError.ts";
import type { Logger } from "./logger.ts";
import type { Service } from "./service.ts";

/** Parameters of {@link HttpService}. */
export interface HttpServiceOptions {
  /** What listens, for errors and logs. */
  name: string;
  host: string;
  /** 0: any free one. */
  port: number;
  logger: Logger;
  /** Answers a request; what it throws ends the connection. */
  handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
}

/** Milliseconds for a request to arrive, and for those under way to end when the server stops. */
const REQUEST_TIMEOUT = 10_000;
const STOP_TIMEOUT = 2_000;
const MAX_CONNECTIONS = 128;

/** An HTTP server with bounds on what one that asks can hold up. */
export class HttpService implements Service {
  readonly #options: HttpServiceOptions;
  #server: Server | undefined;

  constructor(options: HttpServiceOptions) {
    this.#options = options;
  }

  /** Where it listens; undefined while it does not. */
  get url(): string | undefined {
    const address = this.#server?.address() as AddressInfo | null | undefined;
    return address ? `http://${this.#options.host}:${address.port}` : undefined;
  }

  /** @throws ActorError PORT_TAKEN */
  async start(): Promise<void> {
    if (this.#server) return;
    const { name, logger } = this.#options;
    const server = createServer(
      { requestTimeout: REQUEST_TIMEOUT, headersTimeout: REQUEST_TIMEOUT },
      (request, response) => void this.#handle(request, response),
    );
    server.maxConnections = MAX_CONNECTIONS;
    await this.#listen(server);
    server.on("error", (error) => logger.error({ error: messageOf(error) }, `${name}: a connection failed`));
    this.#server = server;
  }

  /** Takes no more requests, and lets those under way end. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    const closed = new Promise((done) => server.close(done));
    server.closeIdleConnections();
    const force = setTimeout(() => server.closeAllConnections(), STOP_TIMEOUT);
    await closed;
    clearTimeout(force);
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#options.handle(request, response);
    } catch (error) {
      const { name, logger } = this.#options;
      logger.error({ url: request.url, error: messageOf(error) }, `${name}: a request failed`);
      response.destroy();
    }
  }

  #listen(server: Server): Promise<void> {
    const { name, host, port } = this.#options;
    return new Promise((resolve, reject) => {
      const failed = (error: NodeJS.ErrnoException): void => {
        const taken = error.code === "EADDRINUSE" || error.code === "EACCES";
        const message = taken ? `port ${port} of ${name} is taken` : `${name} cannot start: ${error.message}`;
        reject(
          new ActorError("PORT_TAKEN", message, "stop the other program, or choose another port", error),
        );
      };
      server.once("error", failed);
      server.listen(port, host, () => {
        server.off("error", failed);
        resolve();
      });
    });
  }
}
