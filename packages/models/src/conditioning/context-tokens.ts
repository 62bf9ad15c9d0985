// Further conditions of the denoiser, as tokens of its sequence: rows of tables keyed by gene (an embedding of a text about
// the protein, of the gene's name), the expression level, the cell line. Each is a vector with a linear layer of its own
// to the width of a token. An unknown condition has no token: the denoiser is trained with and without each, so that any
// of them can be left out.

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
  /** Length of a row. */
  readonly width: number;
}

/** The expression level of the protein: a number that is given, or found by gene. */
export interface LevelCondition {
  readonly kind: "level";
  readonly name: string;
  readonly genes: readonly string[];
  /** Mean of the levels of the table. */
  readonly mean: number;
  /** Standard deviation of the levels of the table; a level enters the network in units of it. */
  readonly deviation: number;
}

/** The cell line, one of a list. */
export interface CellLineCondition {
  readonly kind: "cell_line";
  readonly name: string;
  readonly cellLines: readonly string[];
}

/** A condition of the denoiser other than the sequence. */
export type ExtraCondition = TableCondition | LevelCondition | CellLineCondition;

/** The extra conditions of a denoiser. */
export interface ExtraConditionsConfig {
  /** Width of a token, the denoiser's cross_attention_dim. */
  readonly tokenWidth: number;
  readonly conditions: readonly ExtraCondition[];
}

/** The extra conditions of a denoiser with their tables. */
export interface ExtraConditions {
  readonly config: ExtraConditionsConfig;
  /** Tables and levels by name, standardised rows [genes, width]. */
  readonly tables: ReadonlyMap<string, NdArray>;
}

/** What is known of a protein in a cell apart from its sequence. */
export interface ProteinContext {
  readonly gene?: string | undefined;
  readonly cellLine?: string | undefined;
  /** Expression in the unit of the table that the network was trained with; the table's value for the gene when absent. */
  readonly expression?: number | undefined;
}

/** The vector of each condition by name, and undefined where it is not known. */
export type ExtraValues = ReadonlyMap<string, Float32Array | undefined>;

/** The length of the vector of a condition. */
export function extraWidth(condition: ExtraCondition): number {
  if (condition.kind === "cell_line") return condition.cellLines.length;
  return condition.kind === "table" ? condition.width : 1;
}

/**
 * The vectors of the conditions for a protein; genes and cell lines are found in upper or lower case.
 * @throws RangeError for a cell line that was not in the training data.
 */
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

function cellLineVector({ cellLines }: CellLineCondition, wanted: string | undefined) {
  if (wanted === undefined) return undefined;
  const index = cellLines.findIndex((name) => name.toUpperCase() === wanted.toUpperCase());
  if (index < 0)
    throw new RangeError(`cell line "${wanted}" was not in the training data: ${cellLines.join(", ")}`);
  return Float32Array.from(cellLines, (_, at) => Number(at === index));
}

const geneIndexes = new WeakMap<readonly string[], Map<string, number>>();

function indexOfGene(genes: readonly string[], gene: string): number {
  const index = geneIndexes.get(genes) ?? new Map(genes.map((name, row) => [name.toUpperCase(), row]));
  geneIndexes.set(genes, index);
  return index.get(gene.toUpperCase()) ?? -1;
}

/** Tokens of the conditions: vectors [B, width] by name -> [B, conditions, tokenWidth]. */
export function extraTokens(
  w: Weights,
  { tokenWidth, conditions }: ExtraConditionsConfig,
  vectors: Readonly<Record<string, Tensor>>,
): Tensor {
  const tokens = conditions.map(({ name }) => expandDims(linear(w.at(name), vectors[name]!, tokenWidth), 1));
  return concat(tokens, 1);
}

/**
 * Adds the tokens of the conditions to a padded batch of sequences [B, L, tokenWidth], whose rows for them are zero.
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
