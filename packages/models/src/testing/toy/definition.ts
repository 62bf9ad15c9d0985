// The toy network as a network that checkpoints hold: how it is recognised, read, run, saved and exported.
// docs/how-to/add-a-network.md explains each member.

import { cast } from "@proteoscope/engine";
import { z } from "zod";
import { size } from "../../checkpoints/config-json.ts";
import type { NetworkDefinition } from "../../checkpoints/network-definition.ts";
import { shapeReader } from "../../checkpoints/state-dict-shapes.ts";
import { type ToyConfig, toy } from "./network.ts";

/** The toy network: sequence, mask -> logits. */
export const toyDefinition: NetworkDefinition<"toy", ToyConfig> = {
  name: "toy",
  title: "toy classifier (proteoscope)",
  format: {
    schema: z.object({ embeddingSize: size, hiddenSize: size, numLabels: size }),
    fixed: () => ({ _className: "ToyClassifier" }),
  },
  recognizesConfig: (json) => json._class_name === "ToyClassifier",
  recognizesNames: (has) => has(/^hidden\.weight$/) && has(/^output\.weight$/),
  inferConfig(weights, _stored, place) {
    const shapeOf = shapeReader(weights, place);
    const [hiddenSize, embeddingSize] = shapeOf("hidden.weight");
    const [numLabels] = shapeOf("output.weight");
    return { embedding_size: embeddingSize, hidden_size: hiddenSize, num_labels: numLabels };
  },
  inputs: ({ embeddingSize }) => ({
    sequence: { shape: ["proteins", "residues", embeddingSize], kind: "float" },
    mask: { shape: ["proteins", "residues"], kind: "integer", below: 2 },
  }),
  apply: (w, { config }, { sequence, mask }) => ({ logits: toy(w, config, sequence!, cast(mask!, "bool")) }),
};
