// The cytoself regressor as a network that checkpoints hold; fields of its configuration and inputs are those of the
// networks with projection heads.

import { z } from "zod";
import type { NetworkDefinition } from "../checkpoints/network-definition.ts";
import {
  headsDivide,
  headsRule,
  inferProjections,
  projectionFields,
  projectionParts,
  proteinInputs,
  readProteins,
  withoutIdleToken,
} from "../contrastive/projection-checkpoint.ts";
import { type CytoselfRegressorConfig, cytoselfRegressor } from "./regressor.ts";

const className = "ProteocytoclassLM";

/** The cytoself regressor: sequence_embed, [sequence_mask] -> seq_embeds, the expected code. */
export const cytoselfRegressorDefinition: NetworkDefinition<"cytoclass", CytoselfRegressorConfig> = {
  name: "cytoclass",
  title: "proteocytoclass (proteoscope)",
  format: {
    schema: z.object(projectionFields).refine(headsDivide, headsRule),
    fixed: () => ({ _className: className }),
  },
  recognizesConfig: (json) => json._class_name === className,
  recognizesNames: (has) => has(/^protein_projection\.projection\.weight$/) && !has(/^image_projection\./),
  canonicalNames: withoutIdleToken,
  inferConfig: inferProjections,
  trainingParts: projectionParts,
  inputs: proteinInputs,
  apply: (w, { config }, inputs) => ({ seq_embeds: cytoselfRegressor(w, config, readProteins(inputs)!) }),
};
