import {
  compile,
  f32,
  grad,
  i64,
  initializeWeights,
  type ParameterDeclaration,
  type Tensor,
  trace,
  zeros,
} from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { describe, expect, it } from "vitest";
import { tinyCytoself } from "../testing/tiny-cytoself.ts";
import { cytoselfLoss } from "./loss.ts";
import {
  type CytoselfConfig,
  classifyCode,
  cytoself,
  cytoselfDefaults,
  cytoselfGrids,
  encodeCytoself,
} from "./network.ts";

const eager = { training: false } as const;

function parametersOf(config: CytoselfConfig): ReadonlyMap<string, ParameterDeclaration> {
  const traced = trace((w, { x }) => ({ y: cytoself(w, config, x, eager).reconstruction }), {
    x: f32(1, ...config.inputShape),
  });
  return traced.parameters;
}

const countOf = (parameters: ReadonlyMap<string, ParameterDeclaration>, prefix = ""): number =>
  [...parameters].reduce(
    (total, [name, { shape, isBuffer }]) =>
      isBuffer || !name.startsWith(prefix) ? total : total + shape.reduce((a, b) => a * b, 1),
    0,
  );

describe("cytoself's parameters", () => {
  it("have the names and shapes of the original's published size", () => {
    const parameters = parametersOf(cytoselfDefaults);
    for (const [name, shape] of [
      ["encoders.0.features.0.0.weight", [32, 2, 3, 3]],
      ["encoders.0.features.1.0.block.0.0.weight", [32, 1, 3, 3]],
      ["encoders.0.features.3.1.block.1.0.weight", [240, 1, 5, 5]],
      ["encoders.1.features.0.0.weight", [40, 64, 3, 3]],
      ["encoders.1.features.5.0.weight", [64, 320, 1, 1]],
      ["vq_layers.1.codebook.weight", [2048, 64]],
      ["decoders.0.decoder.resrep2last.conv.weight", [32, 64, 3, 3]],
      ["decoders.0.decoder.output_conv.weight", [2, 32, 3, 3]],
      ["decoders.1.decoder.resrep3last.bn.running_var", [64]],
      ["fc_layers.1.fc_list.1.weight", [1000, 1024]],
      ["fc_layers.1.fc_list.4.weight", [1311, 1000]],
    ] as const)
      expect(parameters.get(name)?.shape, name).toEqual(shape);
    expect([...parameters.keys()].some((name) => name.startsWith("fc_layers.0."))).toBe(false);
    expect(countOf(parameters, "fc_layers.")).toBe(1025 * 1000 + 1001 * 1311);
  });

  it("begin as the original's do: He by outputs, Glorot, a codebook in a small cube", () => {
    const parameters = parametersOf(cytoselfDefaults);
    const valuesOf = (name: string) => {
      const weights = initializeWeights(new Map([[name, parameters.get(name)!]]), 0);
      return weights.get(name)!.data as Float32Array;
    };
    const deviation = (name: string) => {
      const data = valuesOf(name);
      return Math.sqrt(data.reduce((total, value) => total + value * value, 0) / data.length);
    };
    const filter = deviation("encoders.1.features.4.0.block.0.0.weight"); // 1x1, 1152 outputs
    expect(filter / Math.sqrt(2 / 1152)).toBeCloseTo(1, 2);
    const depthwise = deviation("encoders.1.features.3.1.block.1.0.weight"); // 5x5, 1152 outputs
    expect(depthwise / Math.sqrt(2 / (25 * 1152))).toBeCloseTo(1, 1);
    const residual = deviation("decoders.0.decoder.resrep1.res_repeat.res1.conv2.weight"); // 128 to 128
    expect(residual / Math.sqrt(2 / (9 * 256))).toBeCloseTo(1, 2);
    const largest = valuesOf("vq_layers.0.codebook.weight").reduce(
      (most, value) => Math.max(most, Math.abs(value)),
      0,
    );
    expect(largest / Math.sqrt(3 / 2048)).toBeCloseTo(1, 3);
  });

  it("are of a classifier on each level that has one", () => {
    const names = [...parametersOf({ ...tinyCytoself, fcOutputIdx: [1, 2] }).keys()];
    expect(names.filter((name) => name.endsWith("fc_list.1.weight"))).toEqual([
      "fc_layers.0.fc_list.1.weight",
      "fc_layers.1.fc_list.1.weight",
    ]);
  });
});

describe("cytoself", () => {
  it("gives images, grids of codes and classes of the sizes its configuration says", () => {
    const { outputs } = trace(
      (w, { x }) => {
        const { reconstruction, levels, levelReconstructions } = cytoself(w, tinyCytoself, x, eager);
        const grids = levels.flatMap((level, index): [string, Tensor][] => [
          [`vectors${index}`, level.vectors],
          [`indices${index}`, level.indices],
          [`histogram${index}`, level.histogram],
        ]);
        expect(levels[0]!.logits).toBeUndefined();
        const inner = levelReconstructions[0]!;
        return { reconstruction, inner, logits: levels[1]!.logits!, ...Object.fromEntries(grids) };
      },
      { x: f32(3, 2, 16, 16) },
    );
    const shapes = Object.fromEntries(Object.entries(outputs).map(([name, { shape }]) => [name, shape]));
    expect(shapes).toEqual({
      reconstruction: [3, 2, 16, 16],
      inner: [3, 4, 4, 4],
      logits: [3, 3],
      ...{ vectors0: [3, 4, 4, 4], indices0: [3, 1, 4, 4], histogram0: [3, 8] },
      ...{ vectors1: [3, 4, 2, 2], indices1: [3, 1, 2, 2], histogram1: [3, 8] },
    });
    expect(cytoselfGrids(tinyCytoself)).toEqual([
      [4, 4],
      [2, 2],
    ]);
  });

  it("rounds odd sides up on the way in and comes back to them", () => {
    const config: CytoselfConfig = { ...tinyCytoself, inputShape: [1, 21, 14] };
    const { outputs } = trace((w, { x }) => ({ y: cytoself(w, config, x, eager).reconstruction }), {
      x: f32(1, 1, 21, 14),
    });
    expect(cytoselfGrids(config)).toEqual([
      [6, 4],
      [3, 2],
    ]);
    expect(outputs.y!.shape).toEqual([1, 1, 21, 14]);
  });

  it("embeds any number of images with one graph", () => {
    const { outputs } = trace(
      (w, { x }) => ({ code: encodeCytoself(w, tinyCytoself, x, eager)[1]!.vectors }),
      { x: f32("images", 2, 16, 16) },
    );
    expect(outputs.code!.shape).toEqual(["images", 4, 2, 2]);
  });

  it("refuses images of another size by name", () => {
    const attempt = () =>
      trace((w, { x }) => ({ y: cytoself(w, tinyCytoself, x, eager).reconstruction }), {
        x: f32(1, 2, 16, 20),
      });
    expect(attempt).toThrow(/cytoself: images \[1, 2, 16, 20\], this network takes \[batch, 2, 16, 16\]/);
  });

  it("drops nothing in evaluation, and in training numbers before each layer and whole samples", () => {
    const namesOf = (training: boolean) => {
      const traced = trace(
        (w, { x }, random) => ({ y: cytoself(w, tinyCytoself, x, { training, random }).levels[1]!.logits! }),
        { x: f32(3, 2, 16, 16) },
      );
      return [...traced.random].map(([name, { tensor }]) => `${name.split(".")[0]} [${tensor.shape}]`);
    };
    expect(namesOf(false)).toEqual([]);
    expect(namesOf(true)).toEqual(["skipped [3,1,1,1]", "dropout [3,16]", "dropout [3,12]"]);
  });

  it("classifies a code that came from elsewhere by the same parameters", () => {
    const traced = trace((w, { code }) => ({ logits: classifyCode(w, tinyCytoself, 2, code, eager) }), {
      code: f32("codes", 4, 2, 2),
    });
    expect(traced.outputs.logits.shape).toEqual(["codes", 3]);
    const all = parametersOf(tinyCytoself);
    for (const [name, { shape }] of traced.parameters) expect(all.get(name)?.shape, name).toEqual(shape);
  });
});

describe("the loss of cytoself", () => {
  const types = { images: f32(2, 2, 16, 16), labels: i64(2), labelWeights: f32(2) };
  const options = { imageVariance: 0.1, vqCoeff: 1, fcCoeff: 1 };

  it("has one term for the image, one for each inner code, one for each classifier", () => {
    const config = { ...tinyCytoself, fcOutputIdx: [1, 2] };
    trace((w, batch) => {
      const { loss, reconstruction, classification, outputs } = cytoselfLoss(
        w,
        config,
        options,
        batch,
        eager,
      );
      expect(loss.shape).toEqual([]);
      expect([reconstruction.length, classification.length, outputs.levels.length]).toEqual([2, 2, 2]);
      return { loss };
    }, types);
  });

  it("leaves the classifier alone where no label counts", async () => {
    const runtime = await openRuntime({ device: "cpu", threads: 1 });
    const program = await compile(
      runtime,
      (w, batch) => {
        const { loss, classification } = cytoselfLoss(w, tinyCytoself, options, batch, { training: true });
        const bias = w.parameter("fc_layers.1.fc_list.4.bias", [3], zeros);
        return { loss, classification: classification[0]!, gradient: grad(loss, [bias])[0]! };
      },
      types,
      { weights: initializeWeights(parametersOf(tinyCytoself), 1) },
    );
    const images = {
      dtype: "float32",
      shape: [2, 2, 16, 16],
      data: new Float32Array(1024).map((_, i) => i % 7),
    } as const;
    const labels = { dtype: "int64", shape: [2], data: BigInt64Array.of(0n, 2n) } as const;
    const weighted = (...data: number[]) =>
      program.run({
        images,
        labels,
        labelWeights: { dtype: "float32", shape: [2], data: Float32Array.from(data) },
      });
    const none = await weighted(0, 0);
    expect(Array.from(none.gradient.data as Float32Array)).toEqual([0, 0, 0]);
    expect(Number(none.classification.data[0])).toBe(0);
    const one = await weighted(0, 1);
    const gradient = Array.from(one.gradient.data as Float32Array);
    expect(gradient[2]).toBeLessThan(0); // the class of the second image is to be likelier
    expect(gradient[0]).toBeGreaterThan(0);
    expect(Number(one.loss.data[0]) - Number(none.loss.data[0])).toBeCloseTo(
      Number(one.classification.data[0]),
      4,
    );
    await program.close();
    await runtime.close();
  });
});
