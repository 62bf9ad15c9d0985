// What to do after an import, in words: look at what was refused, check the set, look at it. Both imports print the
// same lines.
import { join } from "node:path";

/** Lines that name the next commands. */
export function nextSteps(set: string, refused: number): string[] {
  const list = refused > 0 ? [`what was refused, and why: ${join(set, "refused.csv")}`] : [];
  return [...list, `next: proteoscope data check ${set}; proteoscope data inspect ${set} -o ${set}-report`];
}
