// The localization head: from residue representations to the compartments of a protein by pooling, one hidden layer and
// one logit per label.
//
// Sorting signals sit at the termini (mitochondrial and secretory ones at the start, KDEL and SKL at the end) or
// anywhere, so that several poolings are computed: learned attention as in DeepLoc 2.0 (Thumuluri et al. 2022,
// doi:10.1093/nar/gkac278), the <cls> token, the mean, and the means of the first and the last residues.

import {
  add,
  and,
  batchNorm,
  cast,
  concat,
  type Dim,
  div,
  dropout,
  equal,
  expandDims,
  fixed,
  gelu,
  greater,
  greaterOrEqual,
  less,
  lessOrEqual,
  linear,
  matmul,
  maximum,
  mul,
  positions,
  type RandomSource,
  reshape,
  softmax,
  sub,
  sum,
  type Tensor,
  transpose,
  type Weights,
} from "@proteoscope/engine";
import { clsTokenId, maskTokenId, standardResidueIds } from "../esm2/tokenizer.ts";
import { type MotifConfig, motifs } from "./motif-convolutions.ts";

/** The size of the localization head. */
export interface LocalizationHeadConfig {
  /** Names of the compartments, in the order of the logits. */
  readonly labels: readonly string[];
  readonly hiddenSize: number;
  /** Number of learned poolings. */
  readonly attentionHeads: number;
  /** Number of residues at either end that have a mean of their own. */
  readonly terminusWindow: number;
  /** Convolutions on the residues whose result is concatenated with the representation, if any. */
  readonly motifs?: MotifConfig | undefined;
  /** Dropout of the pooled features and of the hidden layer, in training alone. */
  readonly dropout: number;
}

/** The sizes and the dropout of a head for which nothing else is chosen. */
export const localizationHeadDefaults = {
  hiddenSize: 128,
  attentionHeads: 4,
  terminusWindow: 32,
  dropout: 0.2,
} as const satisfies Partial<LocalizationHeadConfig>;

/** A batch of proteins as ESM2 read them. */
export interface LocalizationInputs {
  /** Tokens, int64 or int32 [B, L]. */
  readonly inputIds: Tensor;
  /** ESM2's last representation, [B, L, hidden]. */
  readonly representation: Tensor;
}

/** One logit per compartment, [B, labels]; compartments do not exclude each other. L may be open. */
export function localizationHead(
  w: Weights,
  config: LocalizationHeadConfig,
  { inputIds, representation }: LocalizationInputs,
  { random }: { random?: RandomSource | undefined } = {},
): Tensor {
  const ids = cast(inputIds, "int32"); // [B, L]
  const isResidue = greaterOrEqual(ids, standardResidueIds.begin);
  // A masked residue has no information on its protein: in the means it would shift the features in training.
  const isShown = cast(and(isResidue, less(ids, maskTokenId)), "float32");
  const x = config.motifs
    ? concat(
        [
          representation,
          motifs(w.at("motifs"), config.motifs, ids, isShown, { random, rate: config.dropout }),
        ],
        2,
      )
    : representation;
  const scores = transpose(linear(w.at("attention"), x, config.attentionHeads), [0, 2, 1]); // [B, heads, L]
  const learned = softmax(add(scores, expandDims(mul(sub(1, isShown), -10_000), 1)));
  const pooled = matmul(
    concat([learned, fixedPooling(ids, isResidue, isShown, config.terminusWindow)], 1),
    x,
  );
  const [batch, ways, width] = pooled.shape as [Dim, number, Dim];
  const features = reshape(pooled, [batch, ways * fixed(width, "localizationHead", "the representation")]);
  // Proteins differ little in these means: normalised to unit variance over proteins, their differences are visible.
  const normal = batchNorm(w.at("norm"), features, { training: random !== undefined, affine: false });
  const dropped = dropout(normal, config.dropout, random, "localization.features");
  const hidden = gelu(linear(w.at("hidden"), dropped, config.hiddenSize));
  return linear(
    w.at("out"),
    dropout(hidden, config.dropout, random, "localization.hidden"),
    config.labels.length,
  );
}

/** Weights [B, 4, L] of <cls>, of all shown residues, and of the first and the last `window` residues. */
function fixedPooling(ids: Tensor, isResidue: Tensor, isShown: Tensor, window: number): Tensor {
  const position = positions(ids, 1); // residue n has position n, behind <cls>
  const count = sum(cast(isResidue, "float32"), { axes: [1], keepDims: true }); // [B, 1]
  const atStart = mul(isShown, cast(lessOrEqual(position, window), "float32"));
  const atEnd = mul(isShown, cast(greater(position, sub(count, window)), "float32"));
  const isCls = cast(equal(ids, clsTokenId), "float32");
  const means = [isCls, isShown, atStart, atEnd].map((weights) =>
    div(weights, maximum(sum(weights, { axes: [1], keepDims: true }), 1)),
  );
  return concat(
    means.map((weights) => expandDims(weights, 1)),
    1,
  );
}
