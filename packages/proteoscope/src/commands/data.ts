// `proteoscope data`: what networks are trained on: cells that are drawn around real nuclei (`simulate`).
import { defineGroup } from "../command.ts";

export const dataCommand = defineGroup("data", "Make data to train on", {
  simulate: () => import("./data-simulate.ts").then((module) => module.dataSimulateCommand),
});
