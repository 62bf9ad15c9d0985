import type { Runtime } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import {
  loadAs,
  memoryFolder,
  openStreamedLanguageModel,
  runPretrained,
  subfolder,
  tokenizeBatch,
} from "@proteoscope/models";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ScreenInput } from "../screen/records.ts";
import { randomModelFiles } from "../testing/tiny-model.ts";
import {
  type EmbeddedInput,
  type EmbedOptions,
  embedProteins,
  openResidueEmbedder,
  openStreamedResidueEmbedder,
  type ResidueEmbedder,
} from "./embed-proteins.ts";

const folder = subfolder(memoryFolder(randomModelFiles(), "tiny"), "plm");
const width = 16;
let runtime: Runtime;
let language: ResidueEmbedder;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
  language = await openResidueEmbedder(runtime, await loadAs("esm2", folder));
});
afterAll(() => runtime.close());

const sequences = ["MKTAYIAKQRQISFVK", "MW", "ACDEFGHIKLMNPQRSTVWYACDEFGHIKLMNPQRSTVWY", "MKX"];
const inputs: ScreenInput[] = [
  ...sequences.map((sequence, index) => ({ record: { id: `P${index}`, sequence, file: "f" } })),
  { refused: { id: "bad", file: "f", line: 9, reason: "no residue" } },
];

async function embed(options: EmbedOptions, model = language, given = inputs): Promise<EmbeddedInput[]> {
  const all: EmbeddedInput[] = [];
  for await (const group of embedProteins(model, given, options)) all.push(...group);
  return all;
}

/** The representation of each residue of one sequence, by the network alone. */
async function alone(sequence: string): Promise<Float32Array> {
  const { inputIds } = tokenizeBatch([sequence]);
  const outputs = await runPretrained(
    runtime,
    await loadAs("esm2", folder),
    new Map([["input_ids", inputIds]]),
  );
  const rows = outputs.get("last_hidden_state")!.data as Float32Array;
  return rows.slice(width, -width);
}

function expectClose(actual: Float32Array, expected: Float32Array): void {
  expect(actual).toHaveLength(expected.length);
  for (const [i, value] of actual.entries()) expect(value).toBeCloseTo(expected[i]!, 4);
}

describe("embeddings", () => {
  it("are the network's rows per residue, without <cls> and <eos>, whatever shares the batch", async () => {
    const all = await embed({ pooling: "residues" });
    expect(all.map(({ record, refused }) => record?.id ?? refused!.id)).toEqual([
      "P0",
      "P1",
      "P2",
      "P3",
      "bad",
    ]);
    expect(all[4]).toEqual({ ...inputs[4], rows: undefined, windows: 0 });
    for (const [index, sequence] of sequences.entries()) {
      expect(all[index]!.windows).toBe(1);
      expectClose(all[index]!.rows!, await alone(sequence));
    }
  });

  it("are their mean", async () => {
    const all = await embed({ pooling: "mean" });
    for (const [index, sequence] of sequences.entries()) {
      const rows = await alone(sequence);
      const mean = Float32Array.from({ length: width }, (_, i) => {
        const column = rows.filter((_, at) => at % width === i);
        return column.reduce((sum, value) => sum + value, 0) / column.length;
      });
      expectClose(all[index]!.rows!, mean);
    }
  });

  it("of long proteins come from windows, each residue from the one whose middle is nearest", async () => {
    const { rows, windows } = (await embed({ pooling: "residues", windowResidues: 16 }))[2]!;
    expect(windows).toBe(4);
    const sequence = sequences[2]!;
    const expected = [
      [0, 0, 12],
      [8, 12, 20],
      [16, 20, 28],
      [24, 28, 40],
    ];
    for (const [begin, from, to] of expected as [number, number, number][]) {
      const window = await alone(sequence.slice(begin, begin + 16));
      expectClose(
        rows!.slice(from * width, to * width),
        window.slice((from - begin) * width, (to - begin) * width),
      );
    }
  });

  it("are the same where layers are streamed from the checkpoint", async () => {
    const streamed = openStreamedResidueEmbedder(runtime, await openStreamedLanguageModel(folder));
    const [one, other] = [
      await embed({ pooling: "residues" }),
      await embed({ pooling: "residues" }, streamed),
    ];
    for (const [index, { rows }] of one.entries()) if (rows) expectClose(other[index]!.rows!, rows);
  });

  it("take a bounded number of proteins ahead, and the same bits from a group on", async () => {
    const many: ScreenInput[] = Array.from({ length: 600 }, (_, index) => ({
      record: { id: `P${index}`, sequence: "MKTAYWC".repeat(1 + (index % 4)), file: "f" },
    }));
    let taken = 0;
    function* counted(from: number): Generator<ScreenInput> {
      for (const input of many.slice(from)) {
        taken++;
        yield input;
      }
    }
    const groups = embedProteins(language, counted(0), { pooling: "mean" });
    const first = (await groups.next()).value!;
    expect(taken).toBe(first.length);
    expect(first).toHaveLength(256);
    const second = (await groups.next()).value!;
    const resumed = (await embedProteins(language, counted(256), { pooling: "mean" }).next()).value!;
    expect(resumed).toEqual(second);
  });

  it("stop where they are aborted", async () => {
    await expect(embed({ pooling: "mean", signal: AbortSignal.abort() })).rejects.toThrow(/aborted/);
  });
});
