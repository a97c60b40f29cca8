import type { Logger } from "../support/logger.ts";
import type { Service } from "../support/service.ts";

const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Opens a service and runs it until SIGINT or SIGTERM. The first signal stops it in order, the second ends the process
 * at once; either loses nothing that matters, since a restart derives everything from L1 and the journals.
 * @param open gets a function that ends the run with an error, for what makes it useless to go on
 */
export async function runUntilStopped({
  open,
  logger,
}: {
  open: (fail: (error: unknown) => void) => Promise<Service>;
  logger: Logger;
}): Promise<void> {
  let fail!: (error: unknown) => void;
  let finish!: () => void;
  const ended = new Promise<void>((resolve, reject) => {
    finish = resolve;
    fail = reject;
  });
  ended.catch(() => undefined);
  let signalled = false;
  const onSignal = (signal: keyof typeof SIGNALS): void => {
    if (signalled) process.exit(SIGNALS[signal]);
    signalled = true;
    logger.info({ signal }, "stopping; a second signal ends it at once");
    finish();
  };
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  let service: Service | undefined;
  try {
    service = await open(fail);
    if (!signalled) {
      const starting = service.start().then(() => {
        if (!signalled) logger.info({ pid: process.pid }, "running");
      });
      starting.catch(fail);
    }
    await ended;
  } finally {
    await service?.stop();
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
  }
  logger.info({}, "stopped");
}
