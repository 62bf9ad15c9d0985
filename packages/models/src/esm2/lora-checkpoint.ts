// LoRA adapters of ESM2 in the layout of peft (huggingface.co/docs/peft): adapter_config.json and the matrices. The names of
// the matrices show which layers are adapted, since peft's target_modules may be a pattern; here they are those of
// EsmForMaskedLM, whatever layout of ESM2 the adapter was trained on.

import { type NdArray, toFloat32, writeSafetensors } from "@proteoscope/formats";
import { z } from "zod";
import { type ConfigFormat, count, formatConfig, parseConfig } from "../checkpoints/config-json.ts";
import { CheckpointError, type FileSource, type Files, readJson } from "../checkpoints/file-source.ts";
import type { StateDict } from "../checkpoints/network-definition.ts";
import { readWeights } from "../checkpoints/state-dict.ts";
import { checkLora, type LoraAdapter, type LoraConfig, loraPrefix, parseMatrixName } from "./lora.ts";
import { canonicalEsm2Name } from "./names.ts";

const configFile = "adapter_config.json";
const weightsFile = "adapter_model.safetensors";

/** Initialisations of the matrices that leave the network as it is; others, such as PiSSA, change its weights as well. */
const harmlessStarts = z.union([z.boolean(), z.enum(["gaussian", "eva", "orthogonal"])]);

const loraFormat: ConfigFormat<LoraConfig> = {
  schema: z
    .object({
      peftType: z.literal("LORA", "only LoRA is supported"),
      r: count,
      loraAlpha: z.number().positive().default(8),
      loraDropout: z.number().min(0).max(1).default(0),
      targetModules: z.union([z.array(z.string()), z.string()]),
      initLoraWeights: harmlessStarts.default(true),
    })
    .transform(({ r, loraAlpha, loraDropout, targetModules }) => ({
      ...{ r, loraAlpha, loraDropout },
      targetModules: [targetModules].flat(),
    })),
  fixed: () => ({
    peftType: "LORA",
    alphaPattern: {},
    bias: "none",
    fanInFanOut: false,
    layerReplication: null,
    loraBias: false,
    modulesToSave: null,
    rankPattern: {},
    useDora: false,
    useRslora: false,
  }),
};

/**
 * Loads an adapter for an ESM2 whose weights are `base`.
 *
 * @throws CheckpointError for another kind of adapter; WeightsError when it fits another network; FormatError when a
 * file is damaged.
 */
export async function loadLora(folder: FileSource, base: StateDict): Promise<LoraAdapter> {
  const place = `${folder.name}/${configFile}`;
  const { r, loraAlpha, loraDropout } = parseConfig(loraFormat, await readJson(folder, configFile), place);
  const file = (await folder.exists(weightsFile)) ? weightsFile : "adapter_model.bin";
  const weights = new Map<string, NdArray>();
  const layers = new Set<string>();
  for (const [name, value] of (await readWeights(folder, file)).tensors) {
    const matrix = parseMatrixName(name);
    if (matrix === undefined)
      throw new CheckpointError(
        `${folder.name}/${file}: ${name} is no matrix of LoRA, and nothing else is supported`,
      );
    const layer = canonicalEsm2Name(`${matrix.layer}.weight`).replace(/\.weight$/, "");
    layers.add(layer);
    weights.set(`${loraPrefix}${layer}.lora_${matrix.side}.weight`, {
      ...{ dtype: "float32", shape: value.shape },
      data: toFloat32(value),
    });
  }
  const adapter = { config: { r, loraAlpha, loraDropout, targetModules: [...layers].sort() }, weights };
  checkLora(adapter, base);
  return adapter;
}

/** The files that peft's PeftModel.from_pretrained reads, for a Hugging Face EsmForMaskedLM. */
export function saveLora({ config, weights }: LoraAdapter): Files {
  const json = JSON.stringify(formatConfig(loraFormat, config), null, 2);
  return new Map([
    [configFile, new TextEncoder().encode(`${json}\n`)],
    [weightsFile, writeSafetensors(weights, { format: "pt" })],
  ]);
}
