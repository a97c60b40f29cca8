/** The task `deploy` in a process of its own, which a test kills. Arguments: URL of L1, folder of the records. */
import { publicEnvironment } from "./publicNetwork.ts";

const [url, record] = process.argv.slice(2);
const hre = await publicEnvironment(url!);
await hre.tasks.getTask("deploy").run({ preset: "localPermissioned", record });
