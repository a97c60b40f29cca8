import hre from "hardhat";

/** What a task printed and how it ended. */
export interface TaskRun {
  /** The JSON it printed; undefined when it printed none. */
  result: never;
  /** What it wrote to standard error. */
  error: string;
  exitCode: number;
}

/** Runs a task in this process with `--json`, as the command line would. */
export async function runTask(name: string, options: Record<string, unknown> = {}): Promise<TaskRun> {
  const [out, err]: string[][] = [[], []];
  const [log, error, exitCode] = [console.log, console.error, process.exitCode];
  console.log = (line: string) => void out!.push(line);
  console.error = (line: string) => void err!.push(line);
  process.exitCode = 0;
  try {
    await hre.tasks.getTask(name).run({ ...options, json: true });
    const text = out!.join("\n");
    return {
      result: (text === "" ? undefined : JSON.parse(text)) as never,
      error: err!.join("\n"),
      exitCode: Number(process.exitCode),
    };
  } finally {
    [console.log, console.error, process.exitCode] = [log, error, exitCode];
  }
}
