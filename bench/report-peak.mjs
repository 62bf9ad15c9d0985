// Loaded into a process by `--import`: when it ends, it says on its fourth stream how many kilobytes it held at most.
// Nothing else tells a parent the memory of a child that is gone.
import { writeSync } from "node:fs";

process.on("exit", () => writeSync(3, String(process.resourceUsage().maxRSS)));
