// The shards of a screen become its results.csv: the rows take turns, as the records did. A shard that is missing or not
// complete is named.

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { ProteoscopeError, writeCsv } from "@proteoscope/formats";
import { resultColumns } from "../result-table.ts";
import { readRows } from "./result-file.ts";
import { readDescription, resultsName, shardPath, shardsName } from "./screen-folder.ts";
import { writeStream } from "./write-stream.ts";

const shardName = /^(\d+)-of-(\d+)\.csv(\.partial)?$/;

/** Merges the shards of a folder. @throws ProteoscopeError naming the shards that are missing or are not complete. */
export async function mergeShards(path: string): Promise<void> {
  const { labels } = await readDescription(path);
  const columns = resultColumns(labels);
  const count = await countShards(path);
  const shards = Array.from({ length: count }, (_, index) => readRows(shardPath(path, { index, count })));
  await writeStream(join(path, resultsName), async (write) => {
    const header = writeCsv([], columns);
    await write(header);
    for (let index = 0; ; index = (index + 1) % count) {
      const row = await shards[index]!.next();
      if (row.done === true) break;
      await write(writeCsv([row.value], columns).slice(header.length));
    }
  });
}

/** The number of shards, all complete. */
async function countShards(path: string): Promise<number> {
  const names = await readdir(join(path, shardsName)).catch(() => []);
  const found = names.flatMap((name) => {
    const [, number, count, partial] = shardName.exec(name) ?? [];
    return number === undefined ? [] : [{ number: Number(number), count: Number(count), partial }];
  });
  const counts = [...new Set(found.map(({ count }) => count))];
  const refuse = (message: string) => new ProteoscopeError(message, { kind: "data", field: "output" });
  if (counts.length === 0) throw refuse(`${path} holds no shards`);
  if (counts.length > 1)
    throw refuse(`${path} holds shards of ${counts.join(" and of ")}: remove those of one`);
  const numbers = Array.from({ length: counts[0]! }, (_, index) => index + 1);
  const stateOf = (number: number) => found.filter((shard) => shard.number === number);
  const missing = numbers.filter((number) => stateOf(number).length === 0);
  const incomplete = numbers.filter((number) => stateOf(number).some(({ partial }) => partial !== undefined));
  if (missing.length > 0)
    throw refuse(`${path}: shard ${missing.join(", ")} of ${counts[0]} is missing: run it`);
  if (incomplete.length > 0)
    throw refuse(`${path}: shard ${incomplete.join(", ")} of ${counts[0]} is not complete: run it again`);
  return counts[0]!;
}
