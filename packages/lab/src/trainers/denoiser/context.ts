// Extra conditions of a denoiser, in addition to the sequence: tables keyed by gene (embeddings of texts and of names), levels of
// expression, the cell line of an image. Each is dropped from a fraction of the samples, so that generation may do without
// it too; a gene that a table does not have and an image of unknown cell line have no condition.

import { f32, float32, type InputTypes, type NdArray, type Tensor, type Weights } from "@proteoscope/engine";
import {
  addExtraTokens,
  type ExtraCondition,
  type ExtraConditions,
  extraTypes,
  extraValues,
  extraWidth,
} from "@proteoscope/models";
import { z } from "zod";
import { ConfigError, pathSchema } from "../../config/compose.ts";
import { readGeneLevels, readGeneTable } from "../../data/atlas/gene-table.ts";
import type { Crop } from "../../data/atlas/tables.ts";
import type { Pair } from "../../data/batches/negative-pairs.ts";
import { withPrefix } from "../../training/model-files.ts";
import { mostExtraConditions } from "./batch.ts";

export const extraSchema = z.strictObject({
  /** Fraction of samples without a condition, for each condition independently. */
  conditioningDropout: z.number().min(0).max(1).default(0.2),
  /** Embeddings of something about a gene: rows in .npy or .zarr, and a list of the genes. */
  tables: z
    .array(z.strictObject({ name: z.string(), embeddings: pathSchema, genes: pathSchema }))
    .max(mostExtraConditions - 2)
    .default([]),
  /** A CSV with the columns gene and level. */
  expression: pathSchema.nullable().default(null),
  /** Whether the cell line of an image is a condition. */
  cellLine: z.boolean().default(false),
});
export type ExtraConfig = z.infer<typeof extraSchema>;

/** Sequences [B, L, width], bool [B, L], and the inputs of the extra conditions. */
type ConditionInputs = Readonly<Record<"sequence" | "mask", NdArray>> & Readonly<Record<string, NdArray>>;

export interface ExtraSide extends ExtraConditions {
  /** Types of the inputs that `encode` adds, for so many samples. */
  inputTypes(count: number): InputTypes;
  /**
   * The embeddings of the proteins with room for one token per known condition, and the values of the conditions; sample i
   * has no condition c where uniform[i, c] is below the dropout.
   */
  encode(
    pairs: readonly Pair[],
    embeddings: Readonly<Record<"sequence" | "mask", NdArray>>,
    uniform?: Float32Array,
  ): ConditionInputs;
  /** The sequence with the tokens of the conditions. */
  addTokens(w: Weights, inputs: Readonly<Record<string, Tensor>> & { readonly sequence: Tensor }): Tensor;
}

/** Prefix of the parameters in the trainer and of the inputs. */
export const extraScope = "extra.";

/** Reads the tables; undefined where there is no extra condition. @throws ConfigError, FormatError */
export async function openExtraSide(
  config: ExtraConfig,
  { crops, tokenWidth }: { readonly crops: readonly Crop[]; readonly tokenWidth: number },
): Promise<ExtraSide | undefined> {
  const { conditions, tables } = await readConditions(config, crops);
  if (conditions.length === 0) return undefined;
  const extra = { config: { tokenWidth, conditions }, tables };
  const count = conditions.length;
  return {
    ...extra,
    inputTypes: (samples) => ({
      ...scoped(extraTypes(extra.config, samples)),
      [`${extraScope}places`]: f32(samples, "tokens", count),
    }),
    encode(pairs, embeddings, uniform) {
      const isShown = (item: number, at: number) =>
        uniform === undefined || uniform[item * mostExtraConditions + at]! >= config.conditioningDropout;
      const vectors = pairs.map(({ crop, protein }, item) => {
        const known = extraValues(extra, { gene: protein.gene, cellLine: crop.cellLine });
        return conditions.map(({ name }, at) => (isShown(item, at) ? known.get(name) : undefined));
      });
      const feeds = conditions.map((condition, at): [string, NdArray] => {
        const width = extraWidth(condition);
        const data = new Float32Array(pairs.length * width);
        for (const [item, row] of vectors.entries()) data.set(row[at] ?? [], item * width);
        return [condition.name, float32([pairs.length, width], data)];
      });
      const isKnown = vectors.map((row) => row.map((vector) => vector !== undefined));
      const { places, ...roomy } = makeRoom(embeddings, isKnown);
      return {
        ...roomy,
        ...Object.fromEntries(withPrefix(new Map([...feeds, ["places", places]]), extraScope)),
      };
    },
    addTokens(w, inputs) {
      const own = Object.entries(inputs).filter(([name]) => name.startsWith(extraScope));
      const { places, ...vectors } = Object.fromEntries(
        own.map(([name, value]) => [name.slice(extraScope.length), value]),
      );
      return addExtraTokens(w.at("extra"), extra.config, inputs.sequence, { ...vectors, places: places! });
    },
  };
}

/** Rows of zeros after each sequence, one per known condition, and which condition each row is, [B, L, conditions]. */
function makeRoom(
  { sequence, mask }: Readonly<Record<"sequence" | "mask", NdArray>>,
  isKnown: readonly (readonly boolean[])[],
): Record<"sequence" | "mask" | "places", NdArray> {
  const [samples, before, width] = sequence.shape as [number, number, number];
  const conditions = isKnown[0]!.length;
  const lengths = isKnown.map((_, item) => lengthOf(mask, item));
  const rooms = isKnown.map((row) => row.filter(Boolean).length);
  const tokens = Math.max(before, ...lengths.map((length, item) => length + rooms[item]!));
  const data = new Float32Array(samples * tokens * width);
  const flags = new Uint8Array(samples * tokens);
  const places = new Float32Array(samples * tokens * conditions);
  for (const [item, length] of lengths.entries()) {
    const values = (sequence.data as Float32Array).subarray(
      item * before * width,
      (item * before + length) * width,
    );
    data.set(values, item * tokens * width);
    flags.fill(1, item * tokens, item * tokens + length + rooms[item]!);
    const known = [...isKnown[item]!.keys()].filter((at) => isKnown[item]![at]);
    for (const [at, condition] of known.entries())
      places[(item * tokens + length + at) * conditions + condition] = 1;
  }
  return {
    sequence: float32([samples, tokens, width], data),
    mask: { dtype: "bool", shape: [samples, tokens], data: flags },
    places: float32([samples, tokens, conditions], places),
  };
}

/** Tokens of a sample before its padding. */
function lengthOf({ shape, data }: NdArray, item: number): number {
  const length = shape[1]!;
  return (data as Uint8Array)
    .subarray(item * length, (item + 1) * length)
    .reduce((sum, flag) => sum + flag, 0);
}

async function readConditions(
  { tables, expression, cellLine }: ExtraConfig,
  crops: readonly Crop[],
): Promise<{ conditions: ExtraCondition[]; tables: Map<string, NdArray> }> {
  const conditions: ExtraCondition[] = [];
  const values = new Map<string, NdArray>();
  for (const { name, ...paths } of tables) {
    if (
      !/^[a-z][a-z0-9_]*$/.test(name) ||
      ["expression", "cell_line", "places", ...values.keys()].includes(name)
    )
      throw new ConfigError(
        `extra.tables: "${name}" is no name of a table: give small letters, and each table another name`,
      );
    const table = await readGeneTable(paths);
    conditions.push({ kind: "table", name, genes: table.genes, width: table.width });
    values.set(name, table.values);
  }
  if (expression !== null) {
    const { genes, mean, deviation, values: levels } = await readGeneLevels(expression);
    conditions.push({ kind: "level", name: "expression", genes, mean, deviation });
    values.set("expression", levels);
  }
  if (cellLine) {
    const cellLines = [...new Set(crops.flatMap((crop) => crop.cellLine ?? []))].sort();
    if (cellLines.length === 0)
      throw new ConfigError("extra.cell_line: no training image of the atlas has a cell line");
    conditions.push({ kind: "cell_line", name: "cell_line", cellLines });
  }
  return { conditions, tables: values };
}

function scoped(types: InputTypes): InputTypes {
  return Object.fromEntries(Object.entries(types).map(([name, type]) => [`${extraScope}${name}`, type]));
}
