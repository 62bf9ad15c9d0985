/**
 * The contract of collective operations, held by the single process and by the ranks that tests use.
 */
import { describe, expect, it } from "vitest";
import { createRendezvous } from "../testing/rendezvous.ts";
import type { Collective } from "./collective.ts";
import { singleProcess } from "./single-process.ts";

const groups: readonly (readonly [string, () => readonly Collective[]])[] = [
  ["a single process", () => [singleProcess]],
  ["three ranks", () => createRendezvous(3)],
];

/** Different on every rank. */
const valuesOf = (rank: number) => Float32Array.of(1 + rank, 10 * (1 + rank), 5 - rank);

describe.each(groups)("the collective operations of %s", (_, open) => {
  const everyRank = <T>(run: (collective: Collective) => Promise<T>) => Promise.all(open().map(run));

  it("number the ranks from 0", async () => {
    const ranks = open();
    expect(ranks.map(({ rank }) => rank)).toEqual([...ranks.keys()]);
    expect(ranks.every(({ size }) => size === ranks.length)).toBe(true);
  });

  it("allReduce leaves the sum on every rank, of a part of an array too", async () => {
    const sums = await everyRank(async (collective) => {
      const values = Float32Array.of(7, ...valuesOf(collective.rank), 7);
      await collective.allReduce(values.subarray(1, 4));
      return [...values];
    });
    const ranks = [...sums.keys()];
    const expected = [0, 1, 2].map((i) => ranks.reduce((sum, rank) => sum + valuesOf(rank)[i]!, 0));
    for (const sum of sums) expect(sum).toEqual([7, ...expected, 7]);
  });

  it("allReduce gives the sum in the memory of an array that is not used again", async () => {
    const sums = await everyRank(async (collective) =>
      collective.allReduce(valuesOf(collective.rank), { transfer: true }),
    );
    const { length } = sums;
    for (const sum of sums) expect(sum[0]).toBe((length * (length + 1)) / 2);
    expect(new Set(sums.map(({ buffer }) => buffer)).size).toBe(length);
  });

  it("allGather gives the values of all ranks, as an array of the caller's own", async () => {
    const gathered = await everyRank(async (collective) => {
      const values = valuesOf(collective.rank);
      const all = await collective.allGather(values);
      values.fill(0);
      return all;
    });
    for (const all of gathered)
      expect([...all]).toEqual([...gathered.keys()].flatMap((rank) => [...valuesOf(rank)]));
    expect(new Set(gathered.map(({ buffer }) => buffer)).size).toBe(gathered.length);
  });

  it("broadcast gives every rank the values of the root", async () => {
    for (const root of open().keys()) {
      const results = await everyRank(async (collective) => {
        const values = valuesOf(collective.rank);
        await collective.broadcast(values, root);
        return values;
      });
      for (const values of results) expect(values).toEqual(valuesOf(root));
    }
  });

  it("run in the order of their calls where several are under way", async () => {
    const results = await everyRank(async (collective) => {
      const buckets = [valuesOf(collective.rank), valuesOf(10 + collective.rank)];
      await Promise.all([
        ...buckets.map((bucket) => collective.allReduce(bucket)),
        collective.broadcast(new Float32Array(1), 0),
      ]);
      return buckets.map(([first]) => first);
    });
    const { length } = results;
    const sum = (length * (length + 1)) / 2;
    for (const result of results) expect(result).toEqual([sum, sum + 10 * length]);
  });

  it("barrier resolves once every rank has called it", async () => {
    const ranks = open();
    const log: string[] = [];
    await Promise.all(
      ranks.map(async (collective) => {
        for (let i = 0; i < collective.rank; i++) await Promise.resolve();
        log.push("called");
        await collective.barrier();
        log.push("passed");
      }),
    );
    expect(log.slice(0, ranks.length)).toEqual(ranks.map(() => "called"));
    await Promise.all(ranks.map((collective) => collective.close()));
  });
});

it("ranks that call different operations, or with other lengths, are refused", async () => {
  const [first, second] = createRendezvous(2) as [Collective, Collective];
  const refused = async (...calls: Promise<unknown>[]) => {
    for (const result of await Promise.allSettled(calls))
      expect(result).toMatchObject({ status: "rejected", reason: { message: /do not meet/ } });
  };
  await refused(first.barrier(), second.allReduce(new Float32Array(1)));
  await refused(first.allReduce(new Float32Array(2)), second.allReduce(new Float32Array(1)));
  await refused(first.broadcast(new Float32Array(1), 0), second.broadcast(new Float32Array(1), 1));
});
