// What the denoiser may be told beside the sequence, as further tokens of it: rows of tables keyed by gene (an embedding
// of a text about the protein, of the gene's name), how much of it a cell makes, the cell line. Each is a vector, brought
// to the width of a token by a layer of its own. What is not known has no token: the denoiser was trained with and
// without each, so that any of them can be left out.

import {
  add,
  concat,
  expandDims,
  linear,
  matmul,
  type NdArray,
  type Tensor,
  type Weights,
} from "@proteoscope/engine";

/** Rows of a table keyed by gene. */
export interface TableCondition {
  readonly kind: "table";
  readonly name: string;
  readonly genes: readonly string[];
  /** Numbers a row. */
  readonly width: number;
}

/** How much of the protein there is: a number that may be given, or is looked up by gene. */
export interface LevelCondition {
  readonly kind: "level";
  readonly name: string;
  readonly genes: readonly string[];
  /** Of the levels of the table: one is told in units of their deviation. */
  readonly mean: number;
  readonly deviation: number;
}

export interface CellLineCondition {
  readonly kind: "cell_line";
  readonly name: string;
  readonly cellLines: readonly string[];
}

export type ExtraCondition = TableCondition | LevelCondition | CellLineCondition;

export interface ExtraConditionsConfig {
  /** The denoiser's cross_attention_dim. */
  readonly tokenWidth: number;
  readonly conditions: readonly ExtraCondition[];
}

export interface ExtraConditions {
  readonly config: ExtraConditionsConfig;
  /** Rows [genes, width] of tables and levels, standardised, by name. */
  readonly tables: ReadonlyMap<string, NdArray>;
}

/** What is known of a protein in a cell beside its sequence. */
export interface ProteinContext {
  readonly gene?: string | undefined;
  readonly cellLine?: string | undefined;
  /** In the unit of the table that the network was trained with; without it, what that says of the gene. */
  readonly expression?: number | undefined;
}

/** The vector of each condition by name, and undefined where it is not known. */
export type ExtraValues = ReadonlyMap<string, Float32Array | undefined>;

/** Numbers in the vector of a condition. */
export function extraWidth(condition: ExtraCondition): number {
  if (condition.kind === "cell_line") return condition.cellLines.length;
  return condition.kind === "table" ? condition.width : 1;
}

/** Looks up what is told; genes in any case. @throws RangeError for a cell line that was not among those of training. */
export function extraValues({ config, tables }: ExtraConditions, context: ProteinContext): ExtraValues {
  const rowOf = ({ name, genes }: TableCondition | LevelCondition): Float32Array | undefined => {
    const row = context.gene === undefined ? -1 : indexOfGene(genes, context.gene);
    const width = tables.get(name)!.shape[1]!;
    return row < 0
      ? undefined
      : (tables.get(name)!.data as Float32Array).slice(row * width, (row + 1) * width);
  };
  const vectorOf = (condition: ExtraCondition): Float32Array | undefined => {
    if (condition.kind === "cell_line") return cellLineVector(condition, context.cellLine);
    if (condition.kind === "level" && context.expression !== undefined)
      return Float32Array.of((context.expression - condition.mean) / condition.deviation);
    return rowOf(condition);
  };
  return new Map(config.conditions.map((condition) => [condition.name, vectorOf(condition)]));
}

function cellLineVector({ cellLines }: CellLineCondition, asked: string | undefined) {
  if (asked === undefined) return undefined;
  const index = cellLines.findIndex((name) => name.toUpperCase() === asked.toUpperCase());
  if (index < 0)
    throw new RangeError(`cell line "${asked}" is none that the model has seen: ${cellLines.join(", ")}`);
  return Float32Array.from(cellLines, (_, at) => Number(at === index));
}

const geneIndexes = new WeakMap<readonly string[], Map<string, number>>();

function indexOfGene(genes: readonly string[], gene: string): number {
  const index = geneIndexes.get(genes) ?? new Map(genes.map((name, row) => [name.toUpperCase(), row]));
  geneIndexes.set(genes, index);
  return index.get(gene.toUpperCase()) ?? -1;
}

/** Vectors [B, width] by name -> tokens [B, conditions, tokenWidth]. */
export function extraTokens(
  w: Weights,
  { tokenWidth, conditions }: ExtraConditionsConfig,
  vectors: Readonly<Record<string, Tensor>>,
): Tensor {
  const tokens = conditions.map(({ name }) => expandDims(linear(w.at(name), vectors[name]!, tokenWidth), 1));
  return concat(tokens, 1);
}

/**
 * A padded batch of sequences [B, L, tokenWidth] with the tokens in the rows that are kept free for them.
 * @param inputs vectors by name, and `places` [B, L, conditions]: 1 where a sample's row is the token of a condition
 */
export function addExtraTokens(
  w: Weights,
  config: ExtraConditionsConfig,
  sequence: Tensor,
  { places, ...vectors }: Readonly<Record<string, Tensor>> & { readonly places: Tensor },
): Tensor {
  return add(sequence, matmul(places, extraTokens(w, config, vectors)));
}
