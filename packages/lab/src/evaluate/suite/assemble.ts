// The parts of the results that are no single figures: judges with their confusions and agreement, curves of naming,
// profiles.

import { groupBy } from "../../data/group-by.ts";
import type { CellEncoder } from "../encoders/encoder.ts";
import { judgedClasses } from "../judges/judged-classes.ts";
import type { SuiteDetails } from "./details.ts";
import { agreements, classesOf, confusionOf, judgeLooks, judgeReal } from "./judge-figures.ts";
import { namedDistance, topKCurves } from "./naming.ts";
import type { MeasuredPairs } from "./pair-figures.ts";
import type { SuiteResults } from "./results.ts";

export function judgeResults({ judges, subjects }: SuiteDetails): Pick<SuiteResults, "judges" | "agreement"> {
  const { looks } = subjects[0]!.looked;
  const classes = classesOf(looks);
  const answers = new Map(
    judges.map((judge) => [
      judge.name,
      { real: judgeReal(judge, classes), generated: judgeLooks(judge, looks) },
    ]),
  );
  const plain = ({ classes: rows, answers: columns, counts }: ReturnType<typeof confusionOf>) => ({
    ...{ classes: [...rows], answers: [...columns], counts: counts.map((row) => [...row]) },
  });
  const on = (side: "real" | "generated") =>
    agreements(
      new Map([...answers].map(([name, given]) => [name, given[side].map(({ answer }) => answer)])),
      side,
    );
  return {
    judges: judges.map(({ name, title, trainedOn, method }) => {
      const { real, generated } = answers.get(name)!;
      return {
        ...{ name, title, method, trained_on: trainedOn, real_crops: real.length },
        real_fields: new Set(real.map(({ unit }) => unit)).size,
        classes: [...classes].toSorted((a, b) => a - b).map((index) => judgedClasses[index]!.name),
        confusion: { real: plain(confusionOf(real)), generated: plain(confusionOf(generated)) },
      };
    }),
    agreement: [...on("generated"), ...on("real")].filter(({ images }) => images > 0),
  };
}

export function namingResults(
  pairs: MeasuredPairs | undefined,
  encoders: readonly CellEncoder[],
  seed: number,
): Pick<SuiteResults, "top_k" | "paired_distance"> {
  if (pairs === undefined) return { top_k: [], paired_distance: [] };
  const curves = encoders.flatMap(({ name, proteins }) =>
    topKCurves(
      name,
      proteins,
      pairs.images.map(({ unit, gene, set, subject, encoded }) => ({
        ...{ protein: unit, gene, subject, encoded: encoded.get(name)! },
        set: subject === "real" ? "all" : set,
      })),
    ),
  );
  const groups = [...groupBy(pairs.images, ({ subject, set }) => `${subject} ${set}`).values()];
  const real = new Map(
    pairs.images.filter(({ subject }) => subject === "real").map(({ id, encoded }) => [id, encoded]),
  );
  const distances = encoders.flatMap(({ name: by }) =>
    groups.flatMap((group) => {
      const { subject, set } = group[0]!;
      if (subject === "real") return [];
      const rows = group.map(({ id, unit, encoded }) => ({
        ...{ protein: unit, image: encoded.get(by)!, real: real.get(id)!.get(by)! },
      }));
      return namedDistance({ by, subject, set }, rows, seed);
    }),
  );
  const plain = curves.map(({ shares, chance, ...rest }) => ({
    ...{ ...rest, shares: [...shares], chance: [...chance] },
  }));
  return { top_k: plain, paired_distance: distances };
}

export function profileOf({
  subject,
  set,
  looked,
}: SuiteDetails["subjects"][number]): SuiteResults["profiles"][number] {
  const shares = (counts: Float64Array) => {
    const total = counts.reduce((sum, value) => sum + value, 0);
    return Array.from(counts, (value) => (total > 0 ? value / total : 0));
  };
  const { histograms, spectra } = looked;
  return {
    ...{ subject, set },
    spectrum: { protein: [...spectra.protein], nucleus: [...spectra.nucleus] },
    histogram: {
      protein: shares(histograms.protein.counts),
      nucleus: shares(histograms.nucleus.counts),
    },
  };
}
