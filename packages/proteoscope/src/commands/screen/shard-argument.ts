// Which part of a screen this process does: `--shard i/N`, or what Slurm or Kubernetes says of a task
// of an array.

import type { Shard } from "@proteoscope/microscope/experiments";
import { CommandError, exitCodes } from "../../cli/errors.ts";

/** The shard; undefined for the whole. @throws CommandError (usage). */
export function chooseShard(
  text: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Shard | undefined {
  if (text !== undefined) return parseShard(text);
  const { SLURM_ARRAY_TASK_ID: task, JOB_COMPLETION_INDEX: completion } = env;
  if (task !== undefined) {
    const [index, first, last, count] = [
      ...[task, env.SLURM_ARRAY_TASK_MIN, env.SLURM_ARRAY_TASK_MAX, env.SLURM_ARRAY_TASK_COUNT],
    ].map(Number) as [number, number, number, number];
    // An array of a few chosen tasks does not say how many shards there are.
    if (last - first + 1 !== count) throw unclear("this Slurm array is not one range");
    return { index: index - first, count };
  }
  if (completion === undefined) return undefined;
  const count = Number(env.JOB_COMPLETIONS);
  if (!Number.isInteger(count)) throw unclear("Kubernetes gives an index, and JOB_COMPLETIONS is not set");
  return { index: Number(completion), count };
}

function parseShard(text: string): Shard {
  const [, number, count] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  const shard = { index: Number(number) - 1, count: Number(count) };
  if (number !== undefined && shard.index >= 0 && shard.index < shard.count) return shard;
  throw new CommandError(`--shard is i/N with i from 1 to N, such as 2/8, got "${text}"`, exitCodes.usage);
}

function unclear(why: string): CommandError {
  return new CommandError(`${why}: say which shard this is with --shard i/N`, exitCodes.usage);
}
