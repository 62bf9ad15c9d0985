// What the page's header and its report say: device, model, hash of
// the weights, and the limits of what is shown.
import { generateDefaults } from "@proteoscope/microscope";
import { namedSignals } from "@proteoscope/microscope/experiments";
import type { Meta } from "../api/types.ts";
import { type Laboratory, weightsFile } from "./laboratory.ts";

/** Describes the model and the device of a laboratory. */
export async function describeModel(laboratory: Laboratory): Promise<Meta> {
  const [model, { runtime, reason }] = await Promise.all([laboratory.model(), laboratory.device()]);
  const { constants, checksums, name } = model;
  const sha256 = checksums[weightsFile] ?? "";
  const { cropPixels, pixelSizeMicrons, windowResidues } = constants;
  const threads =
    typeof crossOriginIsolated !== "undefined" && crossOriginIsolated ? navigator.hardwareConcurrency : 1;
  return {
    device: runtime.device,
    ...{ canRetrieve: false, realCrops: null },
    model: {
      name,
      sha256,
      limits: [
        "Every protein channel is synthetic: generated from a sequence, not recorded.",
        "Agreement of samples is agreement, not correctness.",
        `The language model is shown at most ${windowResidues} residues of a sequence.`,
      ],
    },
    compartments: model.classifier.config.labels,
    signals: namedSignals.map((signal) => ({ ...signal, terminus: signal.terminus ?? null })),
    defaults: { ...generateDefaults, steps: 15, sampler: "dpm++" },
    cropPixels,
    pixelSizeMicrometers: pixelSizeMicrons,
    report: [
      ["computes", "in this browser; nothing is sent"],
      ["device", `${runtime.device}: ${reason}`],
      ["threads", runtime.device === "wasm" ? String(threads) : "those of the GPU"],
      [
        "isolated page",
        threads > 1 ? "yes" : "no: the host sends no COOP and COEP headers, so wasm has one thread",
      ],
      ["model", name],
      ["weights (unet)", sha256],
      ["crop", `${cropPixels} x ${cropPixels} pixels of ${pixelSizeMicrons} um`],
    ],
  };
}
