import { pino } from "pino";

import { withoutSecrets } from "./secrets.ts";

/** The part of a pino logger that actors use; `child` adds fields such as the actor's name. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(fields: Record<string, unknown>): Logger;
}

/** Options of {@link createLogger}. */
export interface LoggerOptions {
  /** Least level that is written. */
  level: "debug" | "info" | "warn" | "error" | "silent";
  /** File that receives one JSON line an event; standard output when absent. */
  file?: string;
}

/** A logger that writes one JSON line an event; bigint fields become decimal text, keys in addresses are left out. */
export function createLogger(options: LoggerOptions): Logger {
  const settings = {
    level: options.level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { log: presentable },
  };
  return options.file === undefined
    ? pino(settings)
    : pino(settings, pino.destination({ dest: options.file, mkdir: true, sync: true }));
}

/** A logger that writes one line an event for people, to standard output. */
export function readableLogger(): Logger {
  return pino(
    {
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }), log: presentable },
    },
    { write: (line) => void process.stdout.write(readableLine(line)) },
  );
}

function readableLine(line: string): string {
  const { level, time, actor, msg, ...fields } = JSON.parse(line) as Record<string, string>;
  const rest = Object.entries(fields).map(([name, value]) => `${name}=${String(value)}`);
  return `${[time, level, actor, msg, ...rest].filter((part) => part !== undefined).join("  ")}\n`;
}

/** A logger that writes nothing. */
export const silentLogger: Logger = createLogger({ level: "silent" });

function presentable(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, presentableValue(value)]));
}

function presentableValue(value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  return typeof value === "string" ? withoutSecrets(value) : value;
}
