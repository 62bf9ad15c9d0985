// `proteoscope export diffusers`: folders that from_pretrained of diffusers and transformers reads: a pipeline where
// there are denoiser and autoencoder, else the folder of one network. Checkpoints of training become usable so.
import { listBriefly } from "@proteoscope/formats";
import { defineCommand } from "../../cli/command.ts";
import { CommandError, exitCodes } from "../../cli/errors.ts";
import { writeFiles } from "../../cli/output.ts";
import { printJson, printLines } from "../../cli/print.ts";
import { readNetworks } from "../../named-networks.ts";

const dtypes = ["float32", "float16"] as const;

export const exportDiffusersCommand = defineCommand({
  name: "diffusers",
  description: "Write a checkpoint as a folder that diffusers or transformers loads",
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
    dtype: { type: "enum", options: [...dtypes], default: "float32", description: "float16 halves the size" },
  },
  examples: [
    "proteoscope export diffusers proteoscope.ckpt -o pipeline --dtype float16",
    "proteoscope export diffusers esm2_t6_8M_UR50D.pt -o esm2_t6_8M_UR50D",
  ],
  async run(args, { stdout, stderr, env, signal }) {
    const { savePipeline, savePretrained } = await import("@proteoscope/models");
    const { networks, noiseSchedule } = await readNetworks(args.model, { env, stderr });
    const options = { dtype: args.dtype as (typeof dtypes)[number] };
    const [unet, autoencoder] = [networks.get("unet"), networks.get("vae")];
    const isPipeline = unet?.architecture === "unet" && autoencoder?.architecture === "autoencoder";
    const only = isPipeline || networks.size > 1 ? undefined : networks.get("");
    if (!isPipeline && only === undefined)
      throw new CommandError(
        `${args.model}: holds ${[...networks.keys()].join(", ")}, which are no pipeline of diffusers`,
        exitCodes.badData,
      );
    const files =
      isPipeline && noiseSchedule !== undefined
        ? savePipeline({ unet, autoencoder, noiseSchedule }, options)
        : savePretrained(only!, options);
    await writeFiles(args.output, files, { signal, inputs: [args.model] });
    const others = isPipeline ? [...networks.keys()].filter((name) => !["unet", "vae"].includes(name)) : [];
    if (others.length > 0)
      printLines(stderr, `left out, no part of diffusers' pipelines: ${listBriefly(others)}`);
    const { model, output } = args;
    if (args.json) printJson(stdout, { model, output, files: [...files.keys()] });
    else printLines(stdout, `${files.size} files in ${output}`);
    return undefined;
  },
});
