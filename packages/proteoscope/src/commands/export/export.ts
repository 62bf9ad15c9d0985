// `proteoscope export`: networks for others to run (`onnx`) or to load (`diffusers`). Each format is a command of its
// own, loaded when it is asked for.
import { defineGroup } from "../../cli/command.ts";

export const exportCommand = defineGroup("export", "Write networks in the layouts of other libraries", {
  onnx: () => import("./onnx.ts").then((module) => module.exportOnnxCommand),
  diffusers: () => import("./diffusers.ts").then((module) => module.exportDiffusersCommand),
});
