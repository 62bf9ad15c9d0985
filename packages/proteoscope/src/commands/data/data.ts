// `proteoscope data`: what networks are trained on. Imports images into a data set, divides it, adds sequences, checks it and
// shows it; `simulate` makes cells around real nuclei, for compartments with few real images.
import { defineGroup } from "../../cli/command.ts";

export const dataCommand = defineGroup("data", "Make data sets to train on, check them and look at them", {
  "import-cytoself": () => import("./import-cytoself.ts").then((module) => module.importCytoselfCommand),
  "simulate-proteome": () =>
    import("./simulate-proteome.ts").then((module) => module.dataSimulateProteomeCommand),
  "import-images": () => import("./import-images.ts").then((module) => module.importImagesCommand),
  inspect: () => import("./inspect.ts").then((module) => module.inspectCommand),
  "import-atlas": () => import("./import-atlas.ts").then((module) => module.importAtlasCommand),
  check: () => import("./check.ts").then((module) => module.checkCommand),
  sequences: () => import("./sequences.ts").then((module) => module.sequencesCommand),
  split: () => import("./split.ts").then((module) => module.splitCommand),
  simulate: () => import("./simulate.ts").then((module) => module.dataSimulateCommand),
});
