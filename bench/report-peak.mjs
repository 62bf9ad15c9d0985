// Loaded into a process by `--import`: when it ends, it says on its fourth stream how many kilobytes it held at most.
// A parent has no other way to know the memory of a child that has ended.
import { writeSync } from "node:fs";

process.on("exit", () => writeSync(3, String(process.resourceUsage().maxRSS)));
