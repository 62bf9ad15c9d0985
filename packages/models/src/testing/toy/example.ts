// Saves, loads, runs and exports the toy network with a registry of its own.
// docs/how-to/add-a-network.md shows it.

import { initializeWeights, type Runtime } from "@proteoscope/engine";
import { memoryFolder } from "../../checkpoints/file-source.ts";
import type { NamedArrays } from "../../checkpoints/input-rules.ts";
import { exportNetwork } from "../../pretrained/export-onnx.ts";
import { loadPretrained } from "../../pretrained/load.ts";
import { runPretrained } from "../../pretrained/run.ts";
import { savePretrained } from "../../pretrained/save.ts";
import { declareParameters } from "../../registry.ts";
import { toyDefinition } from "./definition.ts";

/** A fresh toy network through all that a registry offers. */
export async function tryToy(runtime: Runtime, inputs: NamedArrays) {
  const networks = [toyDefinition];
  const config = { embeddingSize: 8, hiddenSize: 4, numLabels: 3 };
  const untrained = { architecture: "toy", config, weights: new Map() } as const;
  const model = { ...untrained, weights: initializeWeights(declareParameters(untrained, networks), 1) };
  const files = savePretrained(model, { networks }); // config.json, model.safetensors
  const loaded = await loadPretrained(memoryFolder(files), { networks });
  const outputs = await runPretrained(runtime, loaded, inputs, networks); // logits
  const onnx = exportNetwork(loaded, { networks }); // model.onnx
  return { model, files, loaded, outputs, onnx };
}
