import { describe, expect, it } from "vitest";
import { embeddingBatch } from "./embedding-batch.ts";

// Embeddings of two numbers per token, <cls> and <eos> included: the length of the sequence.
const embed = async (sequence: string) => new Float32Array(2 * (sequence.length + 2)).fill(sequence.length);

describe("embeddingBatch", () => {
  it("pads with zeros and marks the tokens", async () => {
    const two = [{ sequence: "MK" }, { sequence: "M" }];
    const { sequence, mask } = await embeddingBatch(two, { embed }, { embeddingWidth: 2 });
    expect(sequence.shape).toEqual([2, 4, 2]);
    expect([...(sequence.data as Float32Array)]).toEqual([...Array(8).fill(2), ...Array(6).fill(1), 0, 0]);
    expect([...(mask.data as Uint8Array)]).toEqual([1, 1, 1, 1, 1, 1, 1, 0]);
  });

  it("passes on the compartments of each protein", async () => {
    const given: unknown[] = [];
    const recording = (sequence: string, compartments?: string | Float32Array) => {
      given.push([sequence, compartments]);
      return embed(sequence);
    };
    const prototype = Float32Array.of(1, 2);
    await embeddingBatch(
      [{ sequence: "MK" }, { sequence: "M" }],
      { embed: recording },
      { embeddingWidth: 2 },
      ["MKV", prototype],
    );
    expect(given).toEqual([
      ["MK", "MKV"],
      ["M", prototype],
    ]);
  });
});
