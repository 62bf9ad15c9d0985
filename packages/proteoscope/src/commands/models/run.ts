// `proteoscope models run`: any loaded network on named tensors, from safetensors to safetensors, with the argument and
// output names of the library the network comes from.
import type { Runtime } from "@proteoscope/engine";
import { elementCount, readSafetensors, writeSafetensors } from "@proteoscope/formats";
import type { Architecture, architectureTitles, NamedArrays } from "@proteoscope/models";
import { type CheckpointPath, openCheckpoint } from "../../checkpoint-path.ts";
import { suggest } from "../../cli/arguments.ts";
import { type CommandContext, defineCommand } from "../../cli/command.ts";
import { CommandError, describeFailure, exitCodes } from "../../cli/errors.ts";
import { checkOutputFile, writeFileAtomic } from "../../cli/output.ts";
import { printJson, printLines } from "../../cli/print.ts";
import { sayWhenSlow, startProgress } from "../../cli/progress.ts";
import { readInput } from "../../cli/read-input.ts";

export const modelsRunCommand = defineCommand({
  name: "run",
  description: "Run a network on named tensors, with the argument and output names of its own library",
  args: {
    model: {
      type: "positional",
      description:
        "Folder with config.json and weights, one file (.safetensors, .bin, .pt, .ckpt), <owner>/<name> in the cache, or a release that was pulled, such as esmc-300m",
      required: true,
    },
    part: {
      type: "string",
      valueHint: "network",
      description:
        "Network of a training checkpoint (.ckpt): unet, autoencoder, cytoself, ...; its main one when absent",
    },
    stream: {
      type: "boolean",
      description:
        "ESM2 or ESMC one layer at a time: the memory of one layer, so that 3B parameters take a few GB",
    },
    input: {
      type: "string",
      valueHint: "file",
      required: true,
      description:
        "Tensors as safetensors. ESM2, ESMC: input_ids, [attention_mask]. UNet: sample, timestep, encoder_hidden_states, [encoder_attention_mask], [timestep_cond]. Autoencoder: sample, or latent. cytoself: x. SubCell: pixel_values. Vermeer: input_ids, embeddings; its tokenizer: sample, or indices. CELL-Diff: sample, cell, timestep, input_ids",
    },
    output: {
      type: "string",
      alias: "o",
      valueHint: "file",
      required: true,
      description: "File of the results, safetensors",
    },
  },
  examples: [
    "proteoscope models run checkpoints/proteoscope-mini/unet --input in.safetensors -o out.safetensors",
    "proteoscope models run esm2_t6_8M_UR50D.pt --input tokens.safetensors -o embedded.safetensors --json",
    "proteoscope models run facebook/esm2_t36_3B_UR50D --stream --input in.safetensors -o out.safetensors",
  ],
  async run(args, { stdout, stderr, env, signal }) {
    const [{ architectureTitles }, { openRuntime }] = await Promise.all([
      import("@proteoscope/models"),
      import("@proteoscope/engine/node"),
    ]);
    const part = parsePart(args.part, architectureTitles);
    await checkOutputFile(args.output, [args.input, args.model]);
    const inputs = await readTensors(args.input, signal);
    const checkpoint = await openCheckpoint(args.model, env);
    const open = args.stream ? openStreamed(stderr) : openWhole(part, stderr);
    const model = await open(checkpoint);
    if (part !== undefined && model.architecture !== part)
      throw new CommandError(
        `${args.model} is ${architectureTitles[model.architecture]}, not the part ${part}: leave --part out`,
        exitCodes.usage,
      );
    signal.throwIfAborted();
    const runtime = await openRuntime({ device: args.device });
    const startMs = performance.now();
    const outputs = await model
      .run(runtime, inputs, signal)
      .catch((error: unknown) => blameInput(args.input, error))
      .finally(() => runtime.close());
    const elapsedMs = Math.round(performance.now() - startMs);
    signal.throwIfAborted();
    await writeFileAtomic(args.output, writeSafetensors(outputs), { signal });
    const report = {
      model: args.model,
      architecture: model.architecture,
      parameters: model.shapes.reduce((total, shape) => total + elementCount(shape), 0),
      device: runtime.device,
      elapsedMs,
      peakMb: Math.round(process.resourceUsage().maxRSS / 1024),
      output: args.output,
      tensors: Object.fromEntries([...outputs].map(([name, { dtype, shape }]) => [name, { dtype, shape }])),
    };
    if (args.json) printJson(stdout, report);
    else {
      const title = architectureTitles[model.architecture];
      printLines(stderr, `${title}, ${elapsedMs} ms on ${runtime.device}, ${report.peakMb} MB`);
      const tensors = [...outputs].map(
        ([name, { dtype, shape }]) => `${name}  ${dtype} [${shape.join(", ")}]`,
      );
      printLines(stdout, ...tensors);
    }
    return undefined;
  },
});

interface OpenedNetwork {
  readonly architecture: Architecture;
  /** Shapes of its parameters. */
  readonly shapes: readonly (readonly number[])[];
  run(runtime: Runtime, inputs: NamedArrays, signal: AbortSignal): Promise<NamedArrays>;
}

function openWhole(part: Architecture | undefined, stderr: CommandContext["stderr"]) {
  return async ({ folder, options }: CheckpointPath): Promise<OpenedNetwork> => {
    const { loadPretrained, runPretrained } = await import("@proteoscope/models");
    const onNotice = (notice: string): void => void stderr.write(`${notice}\n`);
    const loading = loadPretrained(folder, { ...options, ...(part !== undefined && { part }), onNotice });
    const model = await sayWhenSlow(stderr, `reading the weights of ${folder.name}`, loading);
    return {
      architecture: model.architecture,
      shapes: [...model.weights.values()].map(({ shape }) => shape),
      run: (runtime, inputs) => runPretrained(runtime, model, inputs),
    };
  };
}

function openStreamed(stderr: CommandContext["stderr"]) {
  return async ({ folder, options }: CheckpointPath): Promise<OpenedNetwork> => {
    const { openStreamedLanguageModel, runStreamedLanguageModel } = await import("@proteoscope/models");
    const onNotice = (notice: string): void => void stderr.write(`${notice}\n`);
    const model = await openStreamedLanguageModel(folder, { ...options, onNotice });
    const layers = model.config.numHiddenLayers;
    return {
      architecture: model.architecture,
      shapes: [...model.tensors.values()].map(({ shape }) => shape),
      async run(runtime, inputs, signal) {
        const progress = startProgress("run", layers, { stream: stderr, unit: "layers" });
        const stream = { signal, onLayer: (done: number) => progress.update(done) };
        try {
          const [outputs] = await runStreamedLanguageModel(runtime, model, [inputs], stream);
          return outputs!;
        } finally {
          progress.close();
        }
      },
    };
  };
}

function parsePart(name: string | undefined, known: typeof architectureTitles): Architecture | undefined {
  if (name === undefined || Object.hasOwn(known, name)) return name as Architecture | undefined;
  const advice = suggest(name, Object.keys(known), "") || `; one of ${Object.keys(known).join(", ")}`;
  throw new CommandError(`--part names no network: "${name}"${advice}`, exitCodes.usage);
}

async function readTensors(path: string, signal: AbortSignal) {
  const bytes = await readInput(path, signal);
  try {
    return readSafetensors(bytes).tensors;
  } catch (error) {
    return blameInput(path, error);
  }
}

/** Says which file a wrong tensor came from. */
function blameInput(path: string, error: unknown): never {
  const isInput = error instanceof Error && ["TensorError", "FormatError"].includes(error.name);
  if (!isInput) throw error;
  throw new CommandError(`${path}: ${describeFailure(error).message}`, exitCodes.badData, { cause: error });
}
