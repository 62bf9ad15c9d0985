// Whether samples that agree are right more often: images sorted by the agreement of their samples, cut into bins of
// equal count, and the accuracy of each bin. A flat curve means that agreement does not predict correctness.

import { accuracy, type ClassPrediction } from "./accuracy.ts";
import { type BootstrapOptions, bootstrap, type Estimate, mean } from "./bootstrap.ts";

/** A prediction with the agreement of the samples it was made from. */
export interface AgreedPrediction extends ClassPrediction {
  /** Agreement of the samples, in [0, 1]. */
  readonly agreement: number;
}

/** Predictions of similar agreement. */
export interface ReliabilityBin {
  readonly from: number;
  readonly to: number;
  readonly agreement: number;
  readonly accuracy: Estimate | null;
}

/** Options of a reliability curve. */
export interface ReliabilityOptions extends BootstrapOptions {
  /** Largest number of bins. Default 5. */
  readonly bins?: number;
}

/** Bins from the least to the most agreement; their counts differ by one at most. */
export function reliabilityCurve(
  answers: readonly AgreedPrediction[],
  options: ReliabilityOptions = {},
): ReliabilityBin[] {
  const count = Math.min(options.bins ?? 5, answers.length);
  const sorted = [...answers].sort((a, b) => a.agreement - b.agreement);
  const border = (bin: number) => Math.round((bin * sorted.length) / count);
  return Array.from({ length: count }, (_, bin) => {
    const inside = sorted.slice(border(bin), border(bin + 1));
    return {
      from: inside[0]!.agreement,
      to: inside.at(-1)!.agreement,
      agreement: mean(inside.map(({ agreement }) => agreement)),
      accuracy: bootstrap(inside, accuracy, options),
    };
  });
}
