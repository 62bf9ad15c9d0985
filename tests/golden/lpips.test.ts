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
  hashInput,
  hashWeights,
  pretrained,
  wholeRecordings,
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

const squeezeWeights = pretrained("lpips-squeeze");

describe("LPIPS v0.1 against the reference", () => {
  it("lpips_vgg_hash: distance, features and gradient of VGG16 with the real heads", async () => {
    const { tensors } = golden("lpips_vgg_hash");
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
  });

  it("lpips_squeeze_hash: distance, features and gradient of SqueezeNet 1.1", async () => {
    const { tensors } = golden("lpips_squeeze_hash");
    const images = (name: string) => hashInput(name, [2, 3, 64, 64]);
    const results = await compare(
      "squeezenet1.1",
      images("a"),
      images("b"),
      ({ parameters }) => new Map([...hashWeights(parameters), ...hashedHeads(parameters)]),
    );
    expectClose(results.distance, tensors.get("distance"), { relative: 1e-4 }, "distance");
    for (const i of [0, 1, 2, 3, 4, 5, 6])
      expectClose(
        results[`feature${i}`],
        tensors.get(`feature${i}`),
        forwardTolerance,
        `features of level ${i}`,
      );
    expectClose(results.gradient, tensors.get("gb"), gradientTolerance, "gradient");
  });

  // The pretrained weights are not ours to ship: these run where they are.
  for (const { title, tensors } of squeezeWeights ? wholeRecordings("lpips_squeeze_real") : []) {
    it.each([0, 1])(`${title}: the published distance of photographs, pair %i`, async (i) => {
      const [reference, picture] = [tensors.get("ref")!, tensors.get(`p${i}`)!];
      const weights = squeezeWeights!.tensors;
      const { distance } = await compare("squeezenet1.1", reference, picture, () => weights);
      expectClose(distance, tensors.get(`d_ref_p${i}`), { relative: 1e-4 }, "distance");
    });
  }
});

/** Heads weigh squares: between 0 and 1. */
function hashedHeads(parameters: Trace["parameters"]): [string, NdArray][] {
  const heads = [...parameters].filter(([name]) => name.startsWith("lin"));
  return heads.map(([name, { shape }]) => [name, hashInput(name, shape, 0.5, 0.5)]);
}
