import {
  bool,
  compile,
  f32,
  grad,
  initializeWeights,
  type NdArray,
  type Runtime,
  trace,
} from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clipLoss, clipScale, contrastiveLoss } from "./clip.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
});
afterAll(() => runtime.close());

const matrix = (rows: readonly (readonly number[])[]): NdArray => ({
  dtype: "float32",
  shape: [rows.length, rows[0]!.length],
  data: Float32Array.from(rows.flat()),
});

const flags = (rows: readonly (readonly number[])[]): NdArray => ({
  ...matrix(rows),
  dtype: "bool",
  data: Uint8Array.from(rows.flat()),
});

const directions = [
  [1, 0],
  [0, 1],
  [0, 1],
];

/** The loss of three pairs and its gradient with respect to the proteins. */
async function lossOf(images: number[][], proteins: number[][], isNegative?: number[][]) {
  const types = { images: f32(3, 2), proteins: f32(3, 2), isNegative: bool(3, 3) };
  const program = await compile(
    runtime,
    (_, inputs) => {
      const options = { scale: 5, isNegative: isNegative && inputs.isNegative };
      const { loss, imageLoss, proteinLoss } = contrastiveLoss(inputs.images, inputs.proteins, options);
      const [gradient] = grad(imageLoss, [inputs.proteins]);
      return { loss, imageLoss, proteinLoss, gradient: gradient! };
    },
    types,
    { weights: new Map() },
  );
  const outputs = await program.run({
    images: matrix(images),
    proteins: matrix(proteins),
    isNegative: flags(
      isNegative ?? [
        [0, 0, 0],
        [0, 0, 0],
        [0, 0, 0],
      ],
    ),
  });
  await program.close();
  const numbers = (array: NdArray) => Array.from(array.data as Float32Array);
  return {
    ...{ loss: numbers(outputs.loss)[0]!, imageLoss: numbers(outputs.imageLoss)[0]! },
    ...{ proteinLoss: numbers(outputs.proteinLoss)[0]!, gradient: numbers(outputs.gradient) },
  };
}

const logSumExp = (...values: number[]) => Math.log(values.reduce((sum, value) => sum + Math.exp(value), 0));

describe("the contrastive loss", () => {
  it("is the mean of both directions' cross-entropies", async () => {
    const images = [
      [1, 0],
      [0, 1],
      [0.6, 0.8],
    ];
    const { loss, imageLoss, proteinLoss } = await lossOf(images, directions);
    // Similarities times 5, image by protein: [5 0 0], [0 5 5], [3 4 4].
    const rows = [logSumExp(5, 0, 0) - 5, logSumExp(0, 5, 5) - 5, logSumExp(3, 4, 4) - 4];
    const columns = [logSumExp(5, 0, 3) - 5, logSumExp(0, 5, 4) - 5, logSumExp(0, 5, 4) - 4];
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / 3;
    expect(imageLoss).toBeCloseTo(mean(rows), 5);
    expect(proteinLoss).toBeCloseTo(mean(columns), 5);
    expect(loss).toBeCloseTo((imageLoss + proteinLoss) / 2, 6);
  });

  it("does not count another image of the same protein as a negative", async () => {
    // The second and the third pair are of one protein: nothing sets them apart, and nothing should.
    const counted = await lossOf(directions, directions);
    const isNegative = [
      [0, 1, 1],
      [1, 0, 0],
      [1, 0, 0],
    ];
    const masked = await lossOf(directions, directions, isNegative);
    expect(counted.loss).toBeGreaterThan(Math.log(2) / 2);
    const alone = logSumExp(5, 0) - 5;
    expect(masked.imageLoss).toBeCloseTo((logSumExp(5, 0, 0) - 5 + 2 * alone) / 3, 5);
    expect(masked.proteinLoss).toBeCloseTo(masked.imageLoss, 5);
  });

  it("leaves what is masked without any gradient", async () => {
    // The third protein is a negative of the first image alone; its own row is left out.
    const isNegative = [
      [0, 1, 0],
      [1, 0, 0],
      [1, 1, 0],
    ];
    const apart = [
      [1, 0],
      [0, 1],
      [0, -1],
    ];
    const { gradient } = await lossOf(
      [
        [1, 0],
        [0, 1],
        [1, 0],
      ],
      apart,
      isNegative,
    );
    const other = await lossOf(
      [
        [1, 0],
        [0, 1],
        [-1, 0],
      ],
      apart,
      isNegative,
    );
    // What the third protein gets comes from the third image alone, as do all differences.
    expect(gradient.slice(4)).not.toEqual(other.gradient.slice(4));
    const withoutMask = await lossOf(
      [
        [1, 0],
        [0, 1],
        [1, 0],
      ],
      apart,
    );
    expect(withoutMask.gradient[5]).not.toBe(0);
    expect(gradient[5]).toBeCloseTo(0, 9);
  });

  it("is zero where no pair has a negative", async () => {
    const none = [
      [0, 0, 0],
      [0, 0, 0],
      [0, 0, 0],
    ];
    expect(
      (
        await lossOf(
          directions,
          [
            [0, 1],
            [1, 0],
            [0, -1],
          ],
          none,
        )
      ).loss,
    ).toBeCloseTo(0, 9);
  });
});

describe("the temperature of CLIP", () => {
  const scaleOf = async (logarithm: number) => {
    const weights = new Map([
      ["logit_scale", { dtype: "float32", shape: [], data: Float32Array.of(logarithm) } as NdArray],
    ]);
    const program = await compile(runtime, (w) => ({ scale: clipScale(w) }), {}, { weights });
    const { scale } = await program.run({});
    await program.close();
    return (scale.data as Float32Array)[0];
  };

  it("is learned as a logarithm, and limited to 100", async () => {
    expect(await scaleOf(Math.log(20))).toBeCloseTo(20, 3);
    expect(await scaleOf(9)).toBeCloseTo(100, 3);
  });

  it("begins at 0.07", () => {
    const { parameters } = trace((w) => ({ scale: clipScale(w) }), {});
    const start = initializeWeights(parameters, 0).get("logit_scale")!;
    expect(start.shape).toEqual([]);
    expect(Math.exp(-(start.data as Float32Array)[0]!)).toBeCloseTo(0.07, 6);
  });
});

describe("the loss of CLIP", () => {
  it("reaches embeddings and temperature", () => {
    const types = { images: f32(2, 4), proteins: f32(2, 4), isNegative: bool(2, 2) };
    const { parameters, inputs, outputs } = trace(
      (w, { isNegative, ...embeddings }) => ({ ...clipLoss(w, embeddings, { isNegative }) }),
      types,
    );
    expect([...parameters.keys()]).toEqual(["logit_scale"]);
    const scale = parameters.get("logit_scale")!.tensor;
    const gradients = grad(outputs.loss!, [scale, inputs.get("images")!, inputs.get("proteins")!]);
    expect(gradients.map(({ shape }) => shape)).toEqual([[], [2, 4], [2, 4]]);
  });
});

describe("a batch that two processes share", () => {
  const pairs = 4;
  const width = 3;
  const numbers = (seed: number) =>
    Array.from({ length: pairs }, (_, row) =>
      Array.from({ length: width }, (_, column) => Math.sin(seed + 7 * row + 3 * column)),
    );
  const [images, proteins] = [numbers(1), numbers(2)];
  // The first and the third pair, one in each process, are of one protein.
  const isNegative = flags([
    [0, 1, 0, 1],
    [1, 0, 1, 1],
    [0, 1, 0, 1],
    [1, 1, 1, 0],
  ]);
  const logitScale = new Map<string, NdArray>([
    ["logit_scale", { dtype: "float32", shape: [], data: Float32Array.of(1.2) }],
  ]);

  async function whole() {
    const types = { images: f32(pairs, width), proteins: f32(pairs, width), isNegative: bool(pairs, pairs) };
    const program = await compile(
      runtime,
      (w, inputs) => {
        const { loss } = clipLoss(w, inputs, inputs);
        const [ofImages, ofProteins] = grad(loss, [inputs.images, inputs.proteins]);
        return { loss, ofImages: ofImages!, ofProteins: ofProteins! };
      },
      types,
      { weights: logitScale },
    );
    const outputs = await program.run({ images: matrix(images), proteins: matrix(proteins), isNegative });
    await program.close();
    return outputs;
  }

  /** What one process computes: its loss, and gradients of its own rows and of what was gathered. */
  async function part(firstRow: number) {
    const count = pairs / 2;
    const types = {
      ...{ images: f32(count, width), proteins: f32(count, width), isNegative: bool(pairs, pairs) },
      ...{ allImages: f32(pairs, width), allProteins: f32(pairs, width) },
    };
    const program = await compile(
      runtime,
      (w, { allImages, allProteins, ...inputs }) => {
        const gathered = { images: allImages, proteins: allProteins, firstRow };
        const { loss } = clipLoss(w, inputs, { ...inputs, gathered });
        const asked = [inputs.images, inputs.proteins, allImages, allProteins];
        const [ownImages, ownProteins, othersImages, othersProteins] = grad(loss, asked);
        return {
          ...{ loss, ownImages: ownImages!, ownProteins: ownProteins! },
          ...{ othersImages: othersImages!, othersProteins: othersProteins! },
        };
      },
      types,
      { weights: logitScale },
    );
    const outputs = await program.run({
      ...{ images: matrix(images.slice(firstRow, firstRow + count)) },
      ...{ proteins: matrix(proteins.slice(firstRow, firstRow + count)) },
      ...{ allImages: matrix(images), allProteins: matrix(proteins), isNegative },
    });
    await program.close();
    return outputs;
  }

  it("gives the loss and the gradients of one process with the whole batch", async () => {
    const expected = await whole();
    const parts = [await part(0), await part(2)];
    const values = (array: NdArray) => array.data as Float32Array;
    const mean = parts.reduce((sum, { loss }) => sum + values(loss)[0]! / 2, 0);
    expect(mean).toBeCloseTo(values(expected.loss)[0]!, 5);
    for (const [own, others, all] of [
      ["ownImages", "othersImages", "ofImages"],
      ["ownProteins", "othersProteins", "ofProteins"],
    ] as const) {
      const sum = new Float32Array(pairs * width);
      for (const [rank, outputs] of parts.entries()) {
        for (const [at, value] of values(outputs[others]).entries()) sum[at]! += value / 2;
        for (const [at, value] of values(outputs[own]).entries()) sum[rank * 2 * width + at]! += value / 2;
      }
      for (const [at, value] of values(expected[all]).entries()) expect(sum[at]).toBeCloseTo(value, 5);
    }
  });

  it("differs from that of halves that do not see each other", async () => {
    const alone = await Promise.all(
      [0, 2].map(async (firstRow) => {
        const types = { images: f32(2, width), proteins: f32(2, width) };
        const program = await compile(runtime, (w, inputs) => ({ loss: clipLoss(w, inputs).loss }), types, {
          weights: logitScale,
        });
        const { loss } = await program.run({
          images: matrix(images.slice(firstRow, firstRow + 2)),
          proteins: matrix(proteins.slice(firstRow, firstRow + 2)),
        });
        await program.close();
        return (loss.data as Float32Array)[0]!;
      }),
    );
    const { loss } = await whole();
    expect(Math.abs((alone[0]! + alone[1]!) / 2 - (loss.data as Float32Array)[0]!)).toBeGreaterThan(0.05);
  });

  it("is refused where the rows are not among what was gathered", () => {
    const types = { images: f32(2, width), all: f32(3, width) };
    expect(() =>
      trace((w, { images: own, all }) => {
        const gathered = { images: all, proteins: all, firstRow: 2 };
        return { loss: clipLoss(w, { images: own, proteins: own }, { gathered }).loss };
      }, types),
    ).toThrow(/rows 2 to 4 are not all among the 3/);
  });
});
