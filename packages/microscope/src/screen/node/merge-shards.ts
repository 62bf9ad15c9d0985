// The shards of a screen become its results.csv: the rows take turns, as the records did. A shard that is missing or not
// complete, or that lost rows since, is named.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ProteoscopeError, writeCsv } from "@proteoscope/formats";
import type { Shard } from "../records.ts";
import { resultColumns } from "../result-table.ts";
import { readRows } from "./result-file.ts";
import { readDescription, resultsName, shardCountPath, shardPath, shardsName } from "./screen-folder.ts";
import { writeStream } from "./write-stream.ts";

const shardName = /^(\d+)-of-(\d+)\.csv(\.partial)?$/;

/** Merges the shards of a folder. @throws ProteoscopeError naming the shards that are missing, not complete or cut short. */
export async function mergeShards(path: string): Promise<void> {
  const { labels } = await readDescription(path);
  const columns = resultColumns(labels);
  const count = await countShards(path);
  const shards = Array.from({ length: count }, (_, index) => readRows(shardPath(path, { index, count })));
  const expected = await Promise.all(shards.map((_, index) => readShardCount(path, { index, count })));
  await writeStream(join(path, resultsName), async (write) => {
    const header = writeCsv([], columns);
    await write(header);
    for (let place = 0; ; place++) {
      const index = place % count;
      const row = await shards[index]!.next();
      if (row.done === true) return checkEnd(path, expected, place);
      await write(writeCsv([row.value], columns).slice(header.length));
    }
  });
}

/** Checks that the rows end where the shards say. @throws ProteoscopeError (data) naming the shard that ended too early or too late. */
function checkEnd(path: string, expected: readonly number[], rows: number): void {
  const count = expected.length;
  const read = Math.floor(rows / count);
  const index = rows % count;
  if (read !== expected[index])
    throw refuse(
      `${path}: shard ${index + 1} of ${count} holds ${read} rows of ${expected[index]}: run it again`,
    );
  if (rows !== expected.reduce((sum, records) => sum + records, 0))
    throw refuse(
      `${path}: the shards hold ${expected.join(", ")} rows, which are not of one input: remove ${shardsName} and run them again`,
    );
}

/** The number of rows of a shard when it was complete. @throws ProteoscopeError (data) where it is not known. */
async function readShardCount(path: string, shard: Shard): Promise<number> {
  const file = shardCountPath(path, shard);
  try {
    const { records } = JSON.parse(await readFile(file, "utf8")) as { records: unknown };
    if (Number.isInteger(records)) return records as number;
  } catch {
    // Said below, as of a file without the number.
  }
  throw refuse(`${file}: gives no number of rows: run shard ${shard.index + 1} of ${shard.count} again`);
}

function refuse(message: string): ProteoscopeError {
  return new ProteoscopeError(message, { kind: "data", field: "output" });
}

/** The number of shards, all complete. */
async function countShards(path: string): Promise<number> {
  const names = await readdir(join(path, shardsName)).catch(() => []);
  const found = names.flatMap((name) => {
    const [, number, count, partial] = shardName.exec(name) ?? [];
    return number === undefined ? [] : [{ number: Number(number), count: Number(count), partial }];
  });
  const counts = [...new Set(found.map(({ count }) => count))];
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
