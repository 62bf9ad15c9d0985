import { describe, expect, test } from "vitest";
import { type EmitOptions, emitOnnx } from "../onnx/emit.ts";
import { conv2d } from "../ops/convolution.ts";
import { sin } from "../ops/elementwise.ts";
import { layerNorm } from "../ops/normalize.ts";
import { input } from "../tensor.ts";
import { inferenceLowerings, trainingLowerings } from "./device-lowerings.ts";

const leaf = (name: string, ...shape: number[]) => input(name, { dtype: "float32", shape });

/** The names of operators that the emitted model has, of those that tell the lowerings apart. */
function operatorsIn(options: EmitOptions): string[] {
  const [x, w] = [leaf("x", 1, 96, 4, 4), leaf("w", 96, 96, 3, 3)];
  const y = sin(layerNorm(conv2d(x, w, undefined, { padding: 1 })));
  const inputs = new Map([
    ["x", x],
    ["w", w],
  ]);
  const bytes = emitOnnx({ inputs, outputs: new Map([["y", y]]) }, options);
  const text = new TextDecoder("latin1").decode(bytes);
  return ["Conv.", "Gather.", "Sin.", "ReduceMean."].filter((name) => text.includes(name));
}

describe("the lowerings of a device", () => {
  test("are the graph's own where none are asked for, and on cuda", () => {
    const own = ["Conv.", "Sin."];
    expect(operatorsIn({})).toEqual(own);
    expect(operatorsIn({ lowerings: trainingLowerings("cuda") })).toEqual(own);
    expect(operatorsIn({ lowerings: inferenceLowerings("cuda") })).toEqual(own);
  });

  test("are Winograd's for training on the cpu alone", () => {
    expect(operatorsIn({ lowerings: trainingLowerings("cpu") })).toEqual(["Gather.", "Sin."]);
    expect(operatorsIn({ lowerings: inferenceLowerings("cpu") })).toEqual(["Conv.", "Sin."]);
  });

  test("are exact ones on webgpu, in training and after it", () => {
    for (const lowerings of [trainingLowerings("webgpu"), inferenceLowerings("webgpu")])
      expect(operatorsIn({ lowerings })).toEqual(["Conv.", "ReduceMean."]);
  });
});
