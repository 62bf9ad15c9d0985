// Whether samples that agree are right more often: images sorted by the agreement of their samples, cut into bins of
// equal count, and the accuracy of each bin. A flat curve says that agreement tells nothing.

import { type Answer, accuracy } from "./accuracy.ts";
import { type BootstrapOptions, bootstrap, type Estimate, mean } from "./bootstrap.ts";

export interface AgreedAnswer extends Answer {
  /** Of the samples, in [0, 1]. */
  readonly agreement: number;
}

export interface ReliabilityBin {
  readonly from: number;
  readonly to: number;
  readonly agreement: number;
  readonly accuracy: Estimate | null;
}

export interface ReliabilityOptions extends BootstrapOptions {
  /** At most; default 5. */
  readonly bins?: number;
}

/** From the least to the most agreement; bins differ by one answer at most. */
export function reliabilityCurve(
  answers: readonly AgreedAnswer[],
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
