// `proteoscope data`: what networks are trained on. `simulate` draws cells around the real nuclei of an atlas, for the
// compartments of which it has few.
import { defineGroup } from "../cli/command.ts";

export const dataCommand = defineGroup("data", "Make data to train on", {
  simulate: () => import("./data-simulate.ts").then((module) => module.dataSimulateCommand),
});
