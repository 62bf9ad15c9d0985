// `proteoscope models`: what there is (`list`), whether it is whole (`verify`), what the Hub has (`pull`), runs joined
// to one model (`assemble`), and any network
// on tensors of one's own (`run`), so that its numbers can be compared with those of the library it comes from.
import { defineGroup } from "../../cli/command.ts";

export const modelsCommand = defineGroup("models", "List, fetch, verify and run model checkpoints", {
  assemble: () => import("./assemble.ts").then((module) => module.modelsAssembleCommand),
  run: () => import("./run.ts").then((module) => module.modelsRunCommand),
  list: () => import("./list.ts").then((module) => module.modelsListCommand),
  pull: () => import("./pull.ts").then((module) => module.modelsPullCommand),
  verify: () => import("./verify.ts").then((module) => module.modelsVerifyCommand),
});
