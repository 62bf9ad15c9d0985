// Whether an image names its protein: the rank of the right protein among all, by the classifier of an encoder that names
// proteins (cytoself) or by the distance to the proteins' mean embeddings of real images; and whether images lie nearer to
// the real ones of their own protein than to others'.

import { groupBy } from "../../data/group-by.ts";
import type { EncodedCell } from "../encoders/encoder.ts";
import { type PairedDistance, pairedDistance } from "../measures/ranks/paired-distance.ts";
import { chanceCurve, rankOf, topKCurve } from "../measures/ranks/top-k.ts";

/** An image of a known protein, of a real or generated cell. */
export interface NamedImage {
  readonly protein: string;
  /** The name by which a network that names proteins may know it, in place of `protein`. */
  readonly gene?: string | undefined;
  readonly set: "unseen" | "seen" | "all";
  readonly subject: string;
  readonly encoded: EncodedCell;
}

/** The share of images whose protein is among the k best, for k from 1. */
export interface TopKCurve {
  readonly by: string;
  readonly method: "protein classifier" | "nearest protein mean of real images";
  readonly subject: string;
  readonly set: NamedImage["set"];
  readonly images: number;
  readonly proteins: number;
  /** Number of proteins to choose among. */
  readonly gallery: number;
  readonly shares: readonly number[];
  readonly chance: readonly number[];
}

/** The seed's curve ends here. */
const mostK = 130;

/** Curves of a space; images of proteins that the gallery lacks are left out. */
export function topKCurves(
  by: string,
  proteins: readonly string[] | undefined,
  images: readonly NamedImage[],
): TopKCurve[] {
  const real = images.filter(({ subject }) => subject === "real");
  const groups = [...groupBy(images, ({ subject, set }) => `${subject} ${set}`).values()];
  const curve = (
    group: readonly NamedImage[],
    method: TopKCurve["method"],
    gallery: number,
    ranks: readonly number[],
  ) => {
    const most = Math.min(mostK, gallery);
    const { subject, set } = group[0]!;
    return {
      ...{ by, method, subject, set, gallery, images: ranks.length },
      proteins: new Set(group.map(({ protein }) => protein)).size,
      ...{ shares: topKCurve(ranks, most), chance: chanceCurve(gallery, most) },
    };
  };
  const classes = new Map((proteins ?? []).map((name, index) => [name, index]));
  const classOf = ({ protein, gene }: NamedImage) => classes.get(gene ?? "") ?? classes.get(protein);
  const named = groups.flatMap((group) => {
    const known = group.filter((image) => image.encoded.proteinLogits && classOf(image) !== undefined);
    if (known.length === 0) return [];
    const ranks = known.map((image) => rankOf(image.encoded.proteinLogits!, classOf(image)!));
    return [curve(known, "protein classifier", proteins!.length, ranks)];
  });
  const means = [...groupBy(real, ({ protein }) => protein)].map(([protein, own]) => ({
    ...{ protein, sum: sumOf(own), count: own.length },
  }));
  if (means.length < 2) return named;
  return [
    ...named,
    ...groups.flatMap((group) => {
      const ranks = group.flatMap((image) => rankByDistance(image, means) ?? []);
      return ranks.length === 0
        ? []
        : [curve(group, "nearest protein mean of real images", means.length, ranks)];
    }),
  ];
}

interface ProteinMean {
  readonly protein: string;
  readonly sum: Float64Array;
  readonly count: number;
}

/** The rank of the image's protein by distance to means; a real image does not count to the mean that it is compared with. */
function rankByDistance({ protein, subject, encoded }: NamedImage, means: readonly ProteinMean[]) {
  const right = means.findIndex((one) => one.protein === protein);
  const own = subject === "real" ? 1 : 0;
  if (right < 0 || means[right]!.count - own < 1) return undefined;
  const scores = means.map(({ sum, count }, index) => {
    const less = index === right ? own : 0;
    let distance = 0;
    for (let i = 0; i < sum.length; i++) {
      const value = encoded.embedding[i]!;
      distance += (value - (sum[i]! - less * value) / (count - less)) ** 2;
    }
    return -distance;
  });
  return rankOf(scores, right);
}

function sumOf(images: readonly NamedImage[]): Float64Array {
  const sum = new Float64Array(images[0]!.encoded.embedding.length);
  for (const { encoded } of images) for (let i = 0; i < sum.length; i++) sum[i]! += encoded.embedding[i]!;
  return sum;
}

/** A paired distance with what it is of. */
export interface NamedDistance extends PairedDistance {
  readonly by: string;
  readonly subject: string;
  readonly set: NamedImage["set"];
}

/** Distances of images to the real image of their nucleus; `pairs` are of one subject and set. */
export function namedDistance(
  { by, subject, set }: Pick<NamedDistance, "by" | "subject" | "set">,
  pairs: readonly { readonly protein: string; readonly real: EncodedCell; readonly image: EncodedCell }[],
  seed: number,
): NamedDistance[] {
  const found = pairedDistance(
    pairs.map(({ protein, real, image }) => ({
      ...{ protein, real: real.embedding, generated: image.embedding },
    })),
    { seed },
  );
  return found === undefined ? [] : [{ by, subject, set, ...found }];
}
