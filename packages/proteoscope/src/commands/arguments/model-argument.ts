// The option of every command that works with a model
// folder; the shipped model is the default of all.

import type { ArgsDef } from "citty";

/** The model folder. */
export const modelArgs = {
  model: { type: "string", valueHint: "folder", description: "Model folder; the shipped one when absent" },
} as const satisfies ArgsDef;
