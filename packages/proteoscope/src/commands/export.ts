// `proteoscope export`: networks for others to run (`onnx`) or to load (`diffusers`).
import { defineGroup } from "../command.ts";

export const exportCommand = defineGroup("export", "Write networks in the layouts of other libraries", {
  onnx: () => import("./export-onnx.ts").then((module) => module.exportOnnxCommand),
  diffusers: () => import("./export-diffusers.ts").then((module) => module.exportDiffusersCommand),
});
