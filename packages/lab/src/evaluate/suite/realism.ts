// Whether generated images can be distinguished from real ones of the same classes, by logistic regression on hand-made features (a
// two-sample test by a classifier, Lopez-Paz & Oquab 2017), and what gives them away: the same with one group of features
// alone, and the single features that separate the two sides furthest. 0.5 is chance, 1 means that every image gives itself away.

import { groupBy } from "../../data/group-by.ts";
import { featureGroups } from "../encoders/features.ts";
import { areaUnderCurve } from "../judges/cross-validation.ts";
import { distinguish, type GroupedFeatures } from "../judges/distinguish.ts";
import { type BootstrapOptions, bootstrap, median } from "../measures/bootstrap.ts";
import { type Figure, figureOf, plainFigure } from "./figure.ts";
import { classOfLabel } from "./judges.ts";
import type { Look } from "./look.ts";

/** A feature that separates generated from real images. */
export interface RevealingFeature {
  readonly name: string;
  readonly group: string;
  /** Area under the curve of the feature by itself; above 0.5 where it is larger in generated images. */
  readonly auc: number;
  readonly realMedian: number;
  readonly generatedMedian: number;
}

export interface Realism {
  readonly figures: readonly Figure[];
  /** The features that separate most, the first the most. */
  readonly revealing: readonly RevealingFeature[];
}

const mostRevealing = 12;
const mostCompared = 1000;
const options = { ridge: 0.01, steps: 150 };

/** Compares as many real as generated images, class by class in turns where classes are known. */
export async function measureRealism(
  real: readonly Look[],
  generated: readonly Look[],
  set: Figure["set"],
  bootstrapOptions: BootstrapOptions,
): Promise<Realism> {
  const pairs = pairByClass(real, generated.slice(0, mostCompared));
  if (pairs.length < 10) return { figures: [], revealing: [] };
  const { names, groups } = featureGroups();
  const vectorOf = (look: Look) => look.encoded.get("features")!.embedding;
  const sides = [pairs.map(([cell]) => cell), pairs.map(([, image]) => image)] as const;
  const area = (start: number, end: number) => {
    const rows = sides.map((looks) =>
      looks.map(
        (look): GroupedFeatures => ({ features: vectorOf(look).subarray(start, end), group: look.field }),
      ),
    );
    return distinguish(rows[0]!, rows[1]!, options);
  };
  const figures: Figure[] = [];
  for (const { name, start, end } of [...groups, { name: "all", start: 0, end: names.length }]) {
    const key = { measure: "real_or_generated_auc", subject: "generated", set, by: `features: ${name}` };
    figures.push(plainFigure(key, await area(start, end), 2 * pairs.length));
  }
  const values = (looks: readonly Look[], index: number) => looks.map((look) => vectorOf(look)[index]!);
  const revealing = names.map((name, index): RevealingFeature => {
    const [ofReal, ofGenerated] = [values(sides[0], index), values(sides[1], index)];
    const isGenerated = [...ofReal.map(() => false), ...ofGenerated.map(() => true)];
    return {
      name,
      group: groups.find(({ start, end }) => index >= start && index < end)!.name,
      auc: areaUnderCurve([...ofReal, ...ofGenerated], isGenerated),
      ...{ realMedian: median(ofReal), generatedMedian: median(ofGenerated) },
    };
  });
  const ranked = revealing.toSorted((a, b) => Math.abs(b.auc - 0.5) - Math.abs(a.auc - 0.5));
  return {
    figures: [...figures, ...contrastFigures(sides, set, names, bootstrapOptions)],
    revealing: ranked.slice(0, mostRevealing),
  };
}

const placementShown = {
  nucleus_over_cytoplasm: "contrast",
  dna_under_protein: "DNA under protein",
} as const;

/** Medians by class of where the protein lies, of either side. */
function contrastFigures(
  sides: readonly [readonly Look[], readonly Look[]],
  set: Figure["set"],
  names: readonly string[],
  bootstrapOptions: BootstrapOptions,
): Figure[] {
  return Object.entries(placementShown).flatMap(([measure, feature]) => {
    const index = names.indexOf(feature);
    return (["real", "generated"] as const).flatMap((subject, side) =>
      [...groupBy(sides[side]!, ({ label }) => label?.name ?? null)].map(([compartment, looks]) => {
        const unitOf = (look: Look) => (subject === "real" ? look.field : look.protein);
        const units = [...groupBy(looks, unitOf).values()];
        const estimate = bootstrap<readonly Look[]>(
          units,
          (drawn) => median(drawn.flat().map((look) => look.encoded.get("features")!.embedding[index]!)),
          { ...bootstrapOptions, rounds: 200 },
        );
        const unit = subject === "real" ? ("fields" as const) : ("proteins" as const);
        return figureOf({ measure, subject, set, compartment, unit, by: "features" }, estimate, looks.length);
      }),
    );
  });
}

/** Each generated image beside a real cell of its class, so that the shares of the classes give nothing away. */
function pairByClass(real: readonly Look[], generated: readonly Look[]): [real: Look, generated: Look][] {
  const classOf = ({ label }: Look) => (label === undefined ? undefined : classOfLabel(label));
  const classes = groupBy(real, classOf);
  const turns = new Map<number | undefined, number>();
  return generated.flatMap((image): [Look, Look][] => {
    const name = classOf(image);
    const ofClass = classes.get(name) ?? [];
    if (ofClass.length === 0 || (image.label !== undefined && name === undefined)) return [];
    const turn = turns.get(name) ?? 0;
    turns.set(name, turn + 1);
    return [[ofClass[turn % ofClass.length]!, image]];
  });
}
