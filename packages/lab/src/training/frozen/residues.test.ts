import { compile, i64, initializeWeights, type Runtime } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { declareParameters, esm2, esm2Config, tokenizeBatch } from "@proteoscope/models";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { openResidueEmbeddings } from "./residues.ts";

const config = esm2Config({ hiddenSize: 4, numHiddenLayers: 1, numAttentionHeads: 2 });
const weights = initializeWeights(declareParameters({ architecture: "esm2", config, weights: new Map() }), 1);
const bytesOf = (residues: number) => 2 * 4 * residues; // float16

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
});
afterAll(() => runtime.close());

/** Embeds these sequences one after the other, those of an inner list at once, and counts how often the network ran. */
async function embedAll(
  sequences: readonly (string | readonly string[])[],
  options: { windowResidues: number; cacheBytes: number },
) {
  let runs = 0;
  const load = runtime.load.bind(runtime);
  const spy = vi.spyOn(runtime, "load").mockImplementation(async (...args) => {
    const session = await load(...args);
    return {
      ...session,
      run: (...inputs) => {
        runs++;
        return session.run(...inputs);
      },
      close: () => session.close(),
    };
  });
  const embeddings = await openResidueEmbeddings(runtime, { config, weights }, options);
  const rows = [];
  for (const sequence of sequences)
    rows.push(...(await Promise.all([sequence].flat().map(embeddings.embed))));
  await embeddings.close();
  spy.mockRestore();
  return { rows, runs };
}

describe("residue embeddings", () => {
  it("has the network's row for every residue, and none for what stands around them", async () => {
    const { rows } = await embedAll(["MKTAYIAK", "MK"], { windowResidues: 100, cacheBytes: 0 });
    expect(rows.map(({ length }) => length)).toEqual([8 * 4, 2 * 4]);
    const program = await compile(
      runtime,
      (w, { inputIds }) => ({ all: esm2(w, config, { inputIds }).representations[1]! }),
      { inputIds: i64(1, 10) },
      { weights },
    );
    const { all } = await program.run({ inputIds: tokenizeBatch(["MKTAYIAK"]).inputIds });
    await program.close();
    const expected = (all.data as Float32Array).subarray(4, 4 + 8 * 4);
    for (const [index, value] of rows[0]!.entries()) expect(value).toBeCloseTo(expected[index]!, 2);
    expect(Math.max(...expected)).toBeGreaterThan(0.5);
  });

  it("reads both ends of a protein that is too long", async () => {
    const { rows } = await embedAll(["MKTAYIAKQR"], { windowResidues: 6, cacheBytes: 0 });
    expect(rows[0]).toHaveLength(6 * 4);
  });

  it("caches what it has computed, up to its limit, and gives the same values either way", async () => {
    const sequences = ["MKTA", "WWLLKK", "MKTA", "WWLLKK"];
    const whole = await embedAll(sequences, { windowResidues: 9, cacheBytes: bytesOf(10) });
    const partly = await embedAll(sequences, { windowResidues: 9, cacheBytes: bytesOf(9) });
    const none = await embedAll(sequences, { windowResidues: 9, cacheBytes: 0 });
    expect([whole.runs, partly.runs, none.runs]).toEqual([2, 3, 4]);
    expect(partly.rows).toEqual(whole.rows);
    expect(none.rows).toEqual(whole.rows);
    expect(whole.rows[2]).toEqual(whole.rows[0]);
    expect(whole.rows[1]).not.toEqual(whole.rows[0]);
  });

  it("counts a protein once that is embedded twice at the same time", async () => {
    const options = { windowResidues: 9, cacheBytes: bytesOf(10) };
    const { runs, rows } = await embedAll([["MKTA", "MKTA"], "WWLLKK", "WWLLKK"], options);
    expect(runs).toBe(3);
    expect(rows[1]).toEqual(rows[0]);
  });
});
