// Vermeer against the released code (Microsoft, MIT; its VQ model of LlamaGen, MIT): pictures to codes and back, logits at
// once and position by position, both poolings, other orders of the stains, and six generations from recorded random
// numbers, whose tokens must be equal.
import { type NdArray as Computed, compile, f32, i64, type Runtime } from "@proteoscope/engine";
import type { NdArray } from "@proteoscope/formats";
import {
  codesAt,
  cutToByte,
  type DrawOptions,
  drawProbabilities,
  generateVermeerTokens,
  greedyToken,
  openVermeerDecoder,
  pictureTokenCount,
  prepareStain,
  resizeLanczos,
  rotationTable,
  stretchLimits,
  tokenAt,
  tokenByExponentials,
  unitStain,
  type VermeerConfig,
  type VermeerVqConfig,
  vermeer,
  vermeerCondition,
  vermeerVqDecode,
  vermeerVqEncode,
  vermeerVqIndices,
} from "@proteoscope/models/released";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deviceNames, openDevice } from "./devices.ts";
import { below, expectClose, golden, wholeRecordings } from "./fixture.ts";
import type { Recorded } from "./reduced.ts";

const tolerance = { relative: 1e-4 };
const config: VermeerConfig = {
  hiddenSize: 32,
  numHiddenLayers: 2,
  numAttentionHeads: 4,
  intermediateSize: 96,
  conditionSize: 1152,
  pooling: "mean",
  numCodes: 64,
  numStains: 4,
  gridSide: 4,
};
const vq: VermeerVqConfig = {
  numChannels: 8,
  channelMultipliers: [1, 1, 2, 2, 4],
  numResBlocks: 2,
  latentChannels: 16,
  numCodes: 64,
  codeWidth: 8,
  normNumGroups: 4,
};
const grid = { height: 4, width: 4 };

/** Rows of a matrix of integers. */
function rowsOf({ shape, data }: NdArray): number[][] {
  const [rows = 1, length = 1] = shape;
  const values = Array.from(data as BigInt64Array, Number);
  return Array.from({ length: rows }, (_, row) => values.slice(row * length, (row + 1) * length));
}

function integers(rows: readonly (readonly number[])[]): NdArray {
  return {
    dtype: "int64",
    shape: [rows.length, rows[0]!.length],
    data: BigInt64Array.from(rows.flat(), BigInt),
  };
}

/** Some positions of computed logits [B, T, V]. */
function positionsOf({ shape, data }: Computed, places: readonly number[]): NdArray {
  const [batch, count, width] = shape as [number, number, number];
  const values = Array.from({ length: batch }, (_, row) =>
    places.flatMap((place) => [
      ...(data as Float32Array).subarray((row * count + place) * width, (row * count + place + 1) * width),
    ]),
  );
  return { dtype: "float32", shape: [batch, places.length, width], data: Float32Array.from(values.flat()) };
}

describe.each(deviceNames)("Vermeer on %s", (device) => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await openDevice[device]();
  });
  afterAll(() => runtime.close());

  describe.each([golden("vermeer_small"), ...wholeRecordings("vermeer_small")])("$title", ({ tensors }) => {
    const at = (name: string): Recorded => tensors.get(name)!;
    const weights = below(tensors, "w.gpt.");
    const model = { config, weights };
    const attentive = {
      config: { ...config, pooling: "attention" as const },
      weights: new Map([...weights, ...below(tensors, "w.ap.")]),
    };

    const logitsOf = async (
      network: typeof model | typeof attentive,
      tokens: NdArray,
      embeddings: NdArray,
    ) => {
      const program = await compile(
        runtime,
        (w, inputs) => {
          const condition = vermeerCondition(w, network.config, inputs.embeddings);
          return { condition, logits: vermeer(w, network.config, { tokens: inputs.tokens, condition }) };
        },
        { tokens: i64(...tokens.shape), embeddings: f32(...embeddings.shape) },
        { weights: network.weights },
      );
      const outputs = await program.run({ tokens, embeddings });
      await program.close();
      return outputs;
    };

    it("gives the recorded logits at every position", async () => {
      const { logits, condition } = await logitsOf(model, at("tokens"), at("cond"));
      expectClose(logits, at("logits"), tolerance, "logits");
      const first = {
        ...condition!,
        shape: [1, 1, 32],
        data: (condition!.data as Float32Array).slice(0, 32),
      };
      expectClose(first, at("a.cond_embedding"), tolerance, "condition");
    });

    it("gives the recorded logits for stains in another order", async () => {
      const { logits } = await logitsOf(model, at("ca.tokens"), at("cond"));
      const places = Array.from({ length: at("ca.logits").shape[1]! }, (_, index) => 6 * index);
      expectClose(positionsOf(logits!, places), at("ca.logits"), tolerance, "logits");
    });

    it("gives the recorded logits with attention pooling, which ends at the end of a protein", async () => {
      const lengths = rowsOf({ ...at("ap.lengths"), shape: [1, 2] })[0]!;
      const [, longest, width] = at("ap.cond").shape as [number, number, number];
      for (const [row, length] of lengths.entries()) {
        const all = at("ap.cond").data as Float32Array;
        const start = row * longest * width;
        const embeddings: NdArray = {
          dtype: "float32",
          shape: [1, length, width],
          data: all.slice(start, start + length * width),
        };
        const tokens = integers([rowsOf(at("tokens"))[row]!]);
        const { logits } = await logitsOf(attentive, tokens, embeddings);
        const [, count, vocabulary] = at("ap.logits").shape as [number, number, number];
        const places = Array.from({ length: count }, (_, index) => 6 * index);
        const size = count * vocabulary;
        const recorded: NdArray = {
          dtype: "float32",
          shape: [1, count, vocabulary],
          data: (at("ap.logits").data as Float32Array).slice(row * size, (row + 1) * size),
        };
        expectClose(positionsOf(logits!, places), recorded, tolerance, `logits of protein ${row}`);
      }
    });

    it("reads position by position with keys and values that stay, to the same logits", async () => {
      const { logits, condition } = await logitsOf(model, at("tokens"), at("cond"));
      const decoder = await openVermeerDecoder(runtime, model, condition as NdArray);
      const tokens = rowsOf(at("tokens"));
      const given = pictureTokenCount(config, 3);
      const first = await decoder.read(tokens.map((row) => row.slice(0, given)));
      expectClose(first, positionsOf(logits!, [...Array(given + 1).keys()]), tolerance, "prefix");
      const { keys, values } = await decoder.keysAndValues(0);
      const [rows, heads, size] = [2, 4, 8];
      const count = given + 1;
      const [k, v] = [
        new Float32Array(rows * heads * count * size),
        new Float32Array(rows * heads * count * size),
      ];
      const longest = keys.shape[3]!;
      for (let head = 0; head < rows * heads; head += 1)
        for (let place = 0; place < count; place += 1)
          for (let i = 0; i < size; i += 1) {
            k[(head * count + place) * size + i] = Number(keys.data[(head * size + i) * longest + place]);
            v[(head * count + place) * size + i] = Number(values.data[(head * longest + place) * size + i]);
          }
      const shape = [rows, heads, count, size];
      expectClose({ shape, data: k }, at("cache.k0"), tolerance, "keys");
      expectClose({ shape, data: v }, at("cache.v0"), tolerance, "values");
      for (let place = given; place < tokens[0]!.length; place += 1) {
        const step = await decoder.read(tokens.map((row) => [row[place]!]));
        expectClose(step, positionsOf(logits!, [place + 1]), tolerance, `position ${place + 1}`);
      }
      await decoder.close();
    });

    const prefix = rowsOf(at("tokens")).map((row) => row.slice(0, pictureTokenCount(config, 3)));
    const draws = (name: "topk" | "icdf", options: DrawOptions) => {
      const { shape, data } = at(`${name}.random`);
      const [, rows = 1, width = 1] = shape;
      return (logits: Float32Array, { step, row }: { step: number; row: number }): number => {
        const probabilities = drawProbabilities(logits, options);
        const recorded = at(`${name}.probs`);
        if (step < recorded.shape[0]!)
          for (let token = 0; token < 73; token += 1)
            expect(
              Math.abs(probabilities[token]! - Number(recorded.data[(step * 2 + row) * 73 + token])),
            ).toBeLessThan(1e-4);
        const start = (step * rows + row) * width;
        const random = (data as Float32Array).subarray(start, start + width);
        return name === "topk"
          ? tokenByExponentials(probabilities, random)
          : tokenAt(probabilities, random[0]!);
      };
    };
    const greedy = (logits: Float32Array): number => greedyToken(logits);

    it.each([
      ["greedy", { choose: greedy }],
      ["topk", { choose: draws("topk", { temperature: 1, topK: 12 }) }],
      ["icdf", { choose: draws("icdf", { temperature: 0.8, topK: 20, topP: 0.9 }) }],
      ["cfg", { choose: greedy, guidance: { scale: 2.5 } }],
      ["cfg_interval", { choose: greedy, guidance: { scale: 2.5, steps: 5 } }],
      ["all", { choose: greedy, prefix: [[], []] }],
    ] as const)("generates exactly the recorded tokens: %s", async (name, options) => {
      const recorded = rowsOf(at(`${name}.tokens`));
      const start = "prefix" in options ? options.prefix : prefix;
      const count = recorded[0]!.length - start[0]!.length;
      const done: number[] = [];
      const tokens = await generateVermeerTokens(runtime, model, {
        ...{ embeddings: at("cond"), count, onToken: (step: number) => done.push(step) },
        ...options,
        prefix: start,
      });
      expect(tokens).toEqual(recorded);
      expect(done).toHaveLength(count);
    });

    it("turns pictures into exactly the recorded codes, and codes into pictures", async () => {
      const vqWeights = below(tensors, "w.vq.");
      const x = at("vq.x");
      const program = await compile(
        runtime,
        (w, { x, codes }) => {
          const z = vermeerVqEncode(w, vq, x);
          return { z, indices: vermeerVqIndices(w, vq, z), decoded: vermeerVqDecode(w, vq, codes, grid) };
        },
        { x: f32(4, 3, 64, 64), codes: i64("pictures", 16) },
        { weights: vqWeights },
      );
      const one = x.data.length / 4;
      const grey = Float32Array.from({ length: 4 * 3 * one }, (_, index) =>
        Number(x.data[Math.floor(index / (3 * one)) * one + (index % one)]),
      );
      const rgb: NdArray = { dtype: "float32", shape: [4, 3, 64, 64], data: grey };
      const { z, indices, decoded } = await program.run({ x: rgb, codes: at("vq.indices") });
      expectClose(z, at("vq.z"), tolerance, "z");
      expect(rowsOf(indices as NdArray)).toEqual(rowsOf(at("vq.indices")));
      expectClose(meanOfColours(decoded!), at("vq.decoded"), tolerance, "decoded");

      const tokens = rowsOf(at("topk.tokens"));
      const codes = tokens.flatMap((row) => [0, 1, 2, 3].map((stain) => codesAt(config, row, 18 * stain)));
      const { decoded: pictures } = await program.run({ x: rgb, codes: integers(codes) });
      await program.close();
      const grid4 = { ...meanOfColours(pictures!), shape: [2, 4, 64, 64] };
      expectClose(grid4, at("pictures"), tolerance, "pictures");
    });
  });
});

/** The mean over three colours, [B, 3, H, W] -> [B, H, W]. */
function meanOfColours({ shape, data }: Computed): NdArray {
  const [batch, , height, width] = shape as [number, number, number, number];
  const size = height * width;
  const values = Float32Array.from({ length: batch * size }, (_, index) => {
    const start = Math.floor(index / size) * 3 * size + (index % size);
    return [0, 1, 2].reduce((sum, colour) => sum + Number(data[start + colour * size]) / 3, 0);
  });
  return { dtype: "float32", shape: [batch, height, width], data: values };
}

describe.each([golden("vermeer_small"), ...wholeRecordings("vermeer_small")])(
  "pictures, $title",
  ({ tensors }) => {
    it.each([
      ["8 bits", "pre", 128],
      ["16 bits", "pre16", 160],
    ])("of %s are prepared to exactly the recorded integers", (_, name, from) => {
      const at = (part: string): Recorded => tensors.get(`${name}.${part}`)!;
      const stains = at("raw").shape[0]!;
      for (let stain = 0; stain < stains; stain += 1) {
        const values = rows(at("raw"), stain) as Uint8Array | Uint16Array;
        const picture = { values, width: from, height: from };
        const resized = resizeLanczos(picture, { width: 64, height: 64 });
        expect([...resized.values]).toEqual([...rows(at("resized"), stain)]);
        const limits = rows(at("percentiles"), stain);
        for (const [index, limit] of stretchLimits(resized.values).entries())
          expect(limit).toBeCloseTo(Number(limits[index]), 9);
        const unit = unitStain(picture, 64);
        expect([...unit.map(cutToByte)]).toEqual([...rows(at("u8"), stain)]);
        const prepared = prepareStain(picture, 64);
        expect(prepared[77]).toBeCloseTo(Number(rows(at("u8"), stain)[77]) / 127.5 - 1, 5);
      }
    });
  },
);

/** A part of an array along its first axis. */
function rows({ shape: [count = 1], data }: NdArray, index: number) {
  const size = data.length / count;
  return data.slice(index * size, (index + 1) * size) as Float64Array | Uint8Array | Uint16Array;
}

it("turns codes by their place in the picture, and everything else to zero", () => {
  const { tensors } = golden("vermeer_small");
  const { cosines, sines } = rotationTable(config, 0, 73);
  const table = Float32Array.from({ length: 73 * 4 * 2 }, (_, index) =>
    index % 2 === 0 ? cosines[index / 2]! : sines[(index - 1) / 2]!,
  );
  expectClose({ shape: [73, 4, 2], data: table }, tensors.get("rope"), { absolute: 1e-6 }, "rope");
});
