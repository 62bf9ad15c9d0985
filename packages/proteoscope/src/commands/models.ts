// `proteoscope models`: what there is (`list`), whether it is whole (`verify`), what the Hub has (`pull`), and any network
// on tensors of one's own (`run`), so that its numbers can be compared with those of the library it comes from.
import { defineGroup } from "../cli/command.ts";

export const modelsCommand = defineGroup("models", "List, fetch, verify and run model checkpoints", {
  run: () => import("./models-run.ts").then((module) => module.modelsRunCommand),
  list: () => import("./models-list.ts").then((module) => module.modelsListCommand),
  pull: () => import("./models-pull.ts").then((module) => module.modelsPullCommand),
  verify: () => import("./models-verify.ts").then((module) => module.modelsVerifyCommand),
});
