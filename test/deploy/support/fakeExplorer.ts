/**
 * A server that answers like Etherscan's API. It believes nothing: whether a source is that of the code on the chain is
 * for the judge it is given to say.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What somebody wants to have verified. */
export interface Submission {
  address: string;
  /** Qualified by the name of its source. */
  contract: string;
  compiler: string;
  /** Standard JSON input. */
  input: {
    settings: { optimizer: { enabled: boolean; runs: number }; viaIR?: boolean; evmVersion: string };
    sources: Record<string, { content: string }>;
  };
  /** Encoded, without 0x. */
  constructorArguments: string;
}

export interface FakeExplorer {
  url: string;
  submissions: Submission[];
  verified: Set<string>;
  /** API keys that came with the requests. */
  keys: Set<string | null>;
  stop: () => Promise<void>;
}

/** @param judge gives the reason why a source is refused; undefined when it is right */
export async function startFakeExplorer(
  judge: (submission: Submission) => Promise<string | undefined> | string | undefined,
): Promise<FakeExplorer> {
  const state = {
    submissions: [] as Submission[],
    verified: new Set<string>(),
    keys: new Set<string | null>(),
  };
  const verdicts: string[] = [];

  const answer = async (request: IncomingMessage): Promise<[status: string, result: unknown]> => {
    const query = new URL(request.url!, "http://localhost").searchParams;
    state.keys.add(query.get("apikey"));
    switch (query.get("action")) {
      case "getsourcecode": {
        const known = state.verified.has(query.get("address")!.toLowerCase());
        return ["1", [{ SourceCode: known ? "contract …" : "" }]];
      }
      case "checkverifystatus": {
        const verdict = verdicts[Number(query.get("guid"))]!;
        return ["1", verdict];
      }
      default: {
        const submission = submissionOf(new URLSearchParams(await bodyOf(request)));
        state.submissions.push(submission);
        const reason = await Promise.resolve(judge(submission)).catch(String);
        if (reason === undefined) state.verified.add(submission.address.toLowerCase());
        verdicts.push(reason === undefined ? "Pass - Verified" : `Fail - Unable to verify. ${reason}`);
        return ["1", String(verdicts.length - 1)];
      }
    }
  };
  const server = createServer((request, response) => {
    void answer(request).then(([status, result]) => reply(response, { status, message: "OK", result }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    ...state,
    url: `http://127.0.0.1:${port}`,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function submissionOf(form: URLSearchParams): Submission {
  return {
    address: form.get("contractaddress")!,
    contract: form.get("contractname")!,
    compiler: form.get("compilerversion")!,
    input: JSON.parse(form.get("sourceCode")!) as Submission["input"],
    constructorArguments: form.get("constructorArguments")!,
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}

function reply(response: ServerResponse, body: object): void {
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(body));
}
