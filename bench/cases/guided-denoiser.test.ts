import { exportOnnx, type Runtime } from "@proteoscope/engine";
import { compileDenoiser } from "@proteoscope/models";
import { expect, it } from "vitest";
import { denoiserGraphs, randomDenoiserWeights } from "./guided-denoiser.ts";
import { tinyUnet } from "./testing/tiny-configs.ts";

it("the graphs that are counted are those that the denoiser compiles", async () => {
  const graphs = denoiserGraphs(tinyUnet);
  const weights = randomDenoiserWeights(graphs);
  const loaded: Uint8Array[] = [];
  const recorder = {
    load: async (model: Uint8Array) => {
      loaded.push(model);
      return { run: async () => ({}), close: async () => {} };
    },
  };
  await compileDenoiser(recorder as unknown as Runtime, tinyUnet, { weights });
  const counted = [graphs.step, graphs.preparation].map((graph) => exportOnnx(graph, weights));
  expect(loaded).toHaveLength(2);
  for (const [index, model] of counted.entries())
    expect(Buffer.from(model).equals(loaded[index]!), `graph ${index}`).toBe(true);
});
