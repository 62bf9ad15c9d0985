// `proteoscope export onnx`: every network of a checkpoint or model folder as ONNX, with its own library's names of
// inputs and outputs, batch and sequence length open.
import { join } from "node:path";
import type { Pretrained } from "@proteoscope/models";
import { parseInteger } from "../../cli/arguments.ts";
import { defineCommand } from "../../cli/command.ts";
import { withOutputFolder } from "../../cli/output.ts";
import { printJson, printLines } from "../../cli/print.ts";
import { readNetworks } from "../../named-networks.ts";

export const exportOnnxCommand = defineCommand({
  name: "onnx",
  description: "Write the networks of a checkpoint as ONNX files",
  args: {
    model: {
      type: "positional",
      description: "Checkpoint, model folder, or <owner>/<name> in the cache",
      required: true,
    },
    output: {
      type: "string",
      alias: "o",
      valueHint: "folder",
      required: true,
      description: "Where the files go",
    },
    "image-size": {
      type: "string",
      valueHint: "pixels",
      description: "Side of an autoencoder's images; by default that of its denoiser's images, else 100",
    },
  },
  examples: [
    "proteoscope export onnx checkpoints/proteoscope-mini -o onnx",
    "proteoscope export onnx facebook/esm2_t6_8M_UR50D -o esm2-onnx",
  ],
  async run(args, { stdout, stderr, env, signal }) {
    const size = args["image-size"];
    const imageSide =
      size === undefined ? undefined : parseInteger("image-size", size, { min: 8, max: 4096 });
    const { exportNetwork } = await import("@proteoscope/models");
    const { networks } = await readNetworks(args.model, { env, stderr });
    const side = imageSide ?? generatedSide(networks);
    const files: string[] = [];
    await withOutputFolder(
      args.output,
      async (folder) => {
        for (const [part, network] of networks) {
          const exported = exportNetwork(network, side === undefined ? {} : { imageSide: side });
          for (const [name, { model, externalData }] of exported) {
            files.push(join(part, name));
            await folder.write(join(part, name), model);
            if (externalData === undefined) continue;
            files.push(join(part, externalData.location));
            await folder.write(
              join(part, externalData.location),
              externalData.parts as readonly Uint8Array[],
            );
          }
        }
      },
      { signal, inputs: [args.model] },
    );
    if (args.json) printJson(stdout, { model: args.model, output: args.output, files });
    else printLines(stdout, ...files.map((file) => join(args.output, file)));
    return undefined;
  },
});

/** Side of the images that a denoiser's latents become, where both networks are there. */
function generatedSide(networks: ReadonlyMap<string, Pretrained>): number | undefined {
  const [denoiser, autoencoder] = [networks.get("unet"), networks.get("vae")];
  if (denoiser?.architecture !== "unet" || autoencoder?.architecture !== "autoencoder") return undefined;
  return denoiser.config.sampleSize * 2 ** (autoencoder.config.blockOutChannels.length - 1);
}
