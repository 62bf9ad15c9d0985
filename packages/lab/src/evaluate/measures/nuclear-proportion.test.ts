import { describe, expect, it } from "vitest";
import { correlationOf, meanError, meanRelativeError } from "./nuclear-proportion.ts";

describe("pairs of generated and real proportions", () => {
  const pairs = [
    { drawn: 0.2, real: 0.1 },
    { drawn: 0.4, real: 0.5 },
    { drawn: 0.6, real: 0.6 },
  ];

  it("correlate as Pearson has it", () => {
    // Deviations -.2, 0, .2 and -.3, .1, .2: products sum to .1, squares to .08 and .14.
    expect(correlationOf(pairs)).toBeCloseTo(0.1 / Math.sqrt(0.08 * 0.14), 12);
    expect(correlationOf(pairs.slice(0, 1))).toBeNaN();
    expect(correlationOf([pairs[0]!, { drawn: 0.2, real: 0.9 }])).toBeNaN();
  });

  it("differ by a mean error, absolute and as a share of the real proportion", () => {
    expect(meanError(pairs)).toBeCloseTo(0.2 / 3, 12);
    expect(meanRelativeError(pairs)).toBeCloseTo((1 + 0.2 + 0) / 3, 12);
  });

  it("give no share where nothing real is nuclear", () => {
    expect(meanRelativeError([...pairs, { drawn: 0.3, real: 0 }])).toBeCloseTo(0.4, 12);
    expect(meanRelativeError([{ drawn: 0.3, real: 0 }])).toBeNaN();
  });
});
