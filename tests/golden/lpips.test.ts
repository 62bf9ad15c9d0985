import {
  exportOnnx,
  f32,
  grad,
  type NdArray,
  type Runtime,
  sum,
  type Trace,
  trace,
} from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { type LpipsNetwork, lpips, lpipsFeatures } from "@proteoscope/models";
import { afterAll, beforeAll, describe, it } from "vitest";
import {
  expectClose,
  forwardTolerance,
  golden,
  gradientTolerance,
  hashWeights,
  pretrained,
} from "./fixture.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu" });
});
afterAll(() => runtime.close());

/** The distance of two pictures, its gradient with respect to the second, and the first one's features. */
async function compare(
  network: LpipsNetwork,
  a: NdArray,
  b: NdArray,
  weightsOf: (traced: Trace) => ReadonlyMap<string, NdArray>,
): Promise<Record<string, NdArray>> {
  const traced = trace(
    (w, inputs) => {
      const distance = lpips(w, network, inputs.a, inputs.b);
      const features = lpipsFeatures(w, network, inputs.a).map((level, i) => [`feature${i}`, level] as const);
      return { distance, gradient: grad(sum(distance), [inputs.b])[0]!, ...Object.fromEntries(features) };
    },
    { a: f32(...a.shape), b: f32(...b.shape) },
  );
  const session = await runtime.load(exportOnnx(traced, weightsOf(traced)));
  const results = await session.run({ a, b });
  await session.close();
  return results;
}

const vgg = golden("lpips_vgg_hash");
const photographs = golden("lpips_squeeze_real");
const squeezeWeights = pretrained("lpips-squeeze");

describe("LPIPS v0.1 against the reference", () => {
  it.skipIf(!vgg)(
    "lpips_vgg_hash: distance, features and gradient of VGG16 with the real heads",
    async () => {
      const { tensors } = vgg!;
      const levels = [0, 1, 2, 3, 4];
      const heads = levels.map((i) => [`lin${i}.model.1.weight`, tensors.get(`lin${i}`)!] as const);
      const results = await compare(
        "vgg16",
        tensors.get("in0")!,
        tensors.get("in1")!,
        (traced) => new Map([...hashWeights(traced.parameters), ...heads]),
      );
      expectClose(results.distance, tensors.get("val"), { relative: 1e-4 }, "distance");
      for (const i of levels)
        expectClose(
          results[`feature${i}`],
          tensors.get(`feat${i}`),
          forwardTolerance,
          `features of level ${i}`,
        );
      expectClose(results.gradient, tensors.get("g_in1"), gradientTolerance, "gradient");
    },
  );

  for (const i of [0, 1]) {
    it.skipIf(!photographs || !squeezeWeights)(
      `lpips_squeeze_real: the published distance of photographs, pair ${i}, with the pretrained SqueezeNet`,
      async () => {
        const { tensors } = photographs!;
        const [reference, picture] = [tensors.get("ref")!, tensors.get(`p${i}`)!];
        const { distance } = await compare(
          "squeezenet1.1",
          reference,
          picture,
          () => squeezeWeights!.tensors,
        );
        expectClose(distance, tensors.get(`d_ref_p${i}`), { relative: 1e-4 }, "distance");
      },
    );
  }
});
