// extra/ of a model folder: further conditions of the denoiser, with the tables that give them by gene, so that generating
// needs no other file. The files are config.json, model.safetensors (one layer per condition) and tables.safetensors.

import { f32, type InputTypes } from "@proteoscope/engine";
import { type NdArray, readSafetensors, toFloat32, writeSafetensors } from "@proteoscope/formats";
import { z } from "zod";
import { loadCheckedWeights } from "../checkpoints/checked-weights.ts";
import { type ConfigFormat, formatConfig, parseConfig, size } from "../checkpoints/config-json.ts";
import {
  CheckpointError,
  type FileSource,
  readJson,
  readParsed,
  subfolder,
} from "../checkpoints/file-source.ts";
import type { StateDict } from "../checkpoints/network-definition.ts";
import {
  type ExtraConditions,
  type ExtraConditionsConfig,
  extraTokens,
  extraWidth,
} from "./context-tokens.ts";

const name = z.string().regex(/^[a-z][a-z0-9_]*$/, "is a word of small letters, digits and _");
const words = z.array(z.string().min(1)).min(1).max(1_000_000);

const extraFormat: ConfigFormat<ExtraConditionsConfig> = {
  schema: z.object({
    tokenWidth: size,
    conditions: z
      .array(
        z.discriminatedUnion("kind", [
          z.object({ kind: z.literal("table"), name, genes: words, width: size }),
          z.object({
            ...{ kind: z.literal("level"), name, genes: words },
            ...{ mean: z.number(), deviation: z.number().positive() },
          }),
          z.object({ kind: z.literal("cell_line"), name, cellLines: words }),
        ]),
      )
      .min(1)
      .max(100)
      .refine((list) => new Set(list.map((item) => item.name)).size === list.length, "two have one name"),
  }),
  fixed: () => ({}),
};

/** The extra conditions of a model folder. */
export interface LoadedExtra extends ExtraConditions {
  /** Weights of `extraTokens`. */
  readonly weights: StateDict;
}

/** The types of a batch of vectors by name of the condition: float32 [batch, width]. */
export function extraTypes({ conditions }: ExtraConditionsConfig, batch: number | string): InputTypes {
  return Object.fromEntries(
    conditions.map((condition) => [condition.name, f32(batch, extraWidth(condition))]),
  );
}

/**
 * Loads the extra conditions of a model folder; undefined where it has none.
 * @throws CheckpointError, WeightsError or FormatError, naming file and field.
 */
export async function loadExtraConditions(folder: FileSource): Promise<LoadedExtra | undefined> {
  const place = subfolder(folder, "extra");
  if (!(await place.exists("config.json"))) return undefined;
  const config = parseConfig(extraFormat, await readJson(place, "config.json"), `${place.name}/config.json`);
  const weights = await loadCheckedWeights(
    place,
    (w, vectors) => ({ tokens: extraTokens(w, config, vectors) }),
    extraTypes(config, 1),
  );
  const keyed = config.conditions.flatMap((item) => (item.kind === "cell_line" ? [] : [item]));
  if (keyed.length === 0) return { config, weights, tables: new Map() };
  const path = "tables.safetensors";
  const { tensors } = await readParsed(place, path, readSafetensors);
  const tables = keyed.map((condition): [string, NdArray] => {
    const shape = [condition.genes.length, extraWidth(condition)];
    const found = tensors.get(condition.name);
    if (String(found?.shape) !== String(shape))
      throw new CheckpointError(
        `${place.name}/${path}: ${condition.name} is ${found === undefined ? "missing" : `[${found.shape}]`}, config.json says [${shape}]`,
      );
    return [condition.name, { dtype: "float32", shape, data: toFloat32(found!) }];
  });
  return { config, weights, tables: new Map(tables) };
}

/** The files of `extra/`, by path. */
export function saveExtraConditions({ config, weights, tables }: LoadedExtra): Map<string, Uint8Array> {
  const json = `${JSON.stringify(formatConfig(extraFormat, config))}\n`;
  const files = new Map([
    ["extra/config.json", new TextEncoder().encode(json)],
    ["extra/model.safetensors", writeSafetensors(weights)],
  ]);
  if (tables.size > 0) files.set("extra/tables.safetensors", writeSafetensors(tables));
  return files;
}
