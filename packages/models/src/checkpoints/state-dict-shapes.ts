// What the names and shapes of a state dict show: how many blocks there are and how wide they are. Definitions infer
// their configuration from it where a checkpoint has none.

import { CheckpointError } from "./file-source.ts";
import type { StateDict } from "./network-definition.ts";

/** Whether a name begins with `prefix`. */
export function hasPart(weights: ReadonlyMap<string, unknown>, prefix: string): boolean {
  for (const name of weights.keys()) if (name.startsWith(prefix)) return true;
  return false;
}

/** Shapes by name. @throws CheckpointError (at each call) for a name that is not there. */
export function shapeReader(weights: StateDict, place: string): (name: string) => readonly number[] {
  return (name) => {
    const value = weights.get(name);
    if (value === undefined)
      throw new CheckpointError(`${place}: without config.json, ${name} is needed to infer the sizes`);
    return value.shape;
  };
}

/** How many numbers stand for `#` in names that begin with `pattern`, such as "down_blocks.#.". */
export function countBlocks(stateDict: StateDict, pattern: string): number {
  const [before, after] = pattern.split("#") as [string, string];
  const numbers = new Set<string>();
  for (const name of stateDict.keys()) {
    if (!name.startsWith(before)) continue;
    const digits = /^\d+/.exec(name.slice(before.length))?.[0];
    if (digits !== undefined && name.startsWith(after, before.length + digits.length)) numbers.add(digits);
  }
  return numbers.size;
}
