import { compile, initializeWeights, type Runtime } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import {
  declareParameters,
  esm2Config,
  esmcConfig,
  memoryFolder,
  runPretrained,
  savePretrained,
} from "@proteoscope/models";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  applyProteinNetworks,
  proteinInputs,
  proteinInputTypes,
  proteinWeights,
  readProteinNetworks,
} from "./networks.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
});
afterAll(() => runtime.close());

const sizes = { hiddenSize: 16, numHiddenLayers: 2, numAttentionHeads: 2 };

describe.each([
  ["ESM2", { architecture: "esm2", config: esm2Config(sizes), weights: new Map() }],
  ["ESMC", { architecture: "esmc", config: esmcConfig(sizes), weights: new Map() }],
] as const)("the networks of a published %s", (_, untrained) => {
  const model = { ...untrained, weights: initializeWeights(declareParameters(untrained), 6) };

  it("represent a protein as the model itself does, without heads", async () => {
    const networks = await readProteinNetworks(memoryFolder(savePretrained(model)));
    expect(networks.languageModel.config).toMatchObject(sizes);
    expect(networks.localization).toBeUndefined();
    const program = await compile(
      runtime,
      (w, inputs) => ({ y: applyProteinNetworks(w, networks, inputs).representation }),
      proteinInputTypes(networks, { homologs: false }),
      { weights: proteinWeights(networks) },
    );
    const { inputs } = proteinInputs(networks, "MKTAYIAKQR");
    const { y } = await program.run(inputs as never);
    await program.close();
    const ids = new Map([["input_ids", (inputs as Record<string, never>).inputIds]]);
    const whole = (await runPretrained(runtime, model as never, ids as never)).get("last_hidden_state")!;
    expect(y.shape).toEqual([1, 12, 16]);
    expect([...(y.data as Float32Array)]).toEqual(
      Array.from(whole.data as Float32Array, (value) => expect.closeTo(value, 5)),
    );
  });
});
