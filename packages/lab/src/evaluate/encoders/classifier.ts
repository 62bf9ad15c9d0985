// An image classifier of this project as an encoder: the one of a model, or one that a run of `train classifier` left. Its
// embedding is what its last layer sees.

import type { Runtime } from "@proteoscope/engine";
import { type MicroscopeModel, openImageClassifier } from "@proteoscope/microscope";
import { type CellEncoder, identityOf, stackCells, type TrainedOn } from "./encoder.ts";

/** Compiles the classifier for crops of one side. @throws WeightsError where weights do not fit */
export async function openClassifierEncoder(
  runtime: Runtime,
  { config, weights }: Pick<MicroscopeModel["classifier"], "config" | "weights">,
  { name, side, trainedOn }: { readonly name: string; readonly side: number; readonly trainedOn: TrainedOn },
): Promise<CellEncoder> {
  const classifier = await openImageClassifier(runtime, { config, weights }, side);
  return {
    ...{ name, trainedOn, compartments: config.labels },
    title: "image classifier, mean and maximum of its last stage's channels over positions; no resize",
    identity: identityOf("image classifier", config, weights),
    encode: async (cells) =>
      (await classifier.classify(stackCells(cells))).map(({ probabilities, features }) => ({
        ...{ embedding: features, probabilities },
      })),
    close: () => classifier.close(),
  };
}
