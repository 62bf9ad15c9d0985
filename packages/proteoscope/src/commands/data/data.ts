// `proteoscope data`: what networks are trained on. `simulate` makes cells around the real nuclei of an atlas, for
// compartments with few real images.
import { defineGroup } from "../../cli/command.ts";

export const dataCommand = defineGroup("data", "Make data to train on", {
  "simulate-proteome": () =>
    import("./simulate-proteome.ts").then((module) => module.dataSimulateProteomeCommand),
  simulate: () => import("./simulate.ts").then((module) => module.dataSimulateCommand),
});
