import { elementCount } from "@proteoscope/formats";
import { describe, expect, it } from "vitest";
import { cellDiffDefaults } from "./cell-diff/definition.ts";
import { esmcPresets } from "./esmc/network.ts";
import { declareParameters, networks, type Pretrained } from "./registry.ts";
import { findReleasedWeights, releasedWeights } from "./released.ts";
import { subcellDefaults } from "./subcell/network.ts";
import { vermeerPresets } from "./vermeer/network.ts";
import { vermeerVqDefaults } from "./vermeer/vq-network.ts";

/** Number of parameters that a network of a configuration declares. */
function count(model: Pretrained): number {
  return [...declareParameters(model).values()].reduce((sum, { shape }) => sum + elementCount(shape), 0);
}

describe("the released weights", () => {
  it("have names of their own, and networks here", () => {
    const names = releasedWeights.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    const known = networks.map(({ name }) => name as string);
    for (const { architecture } of releasedWeights) expect(known).toContain(architecture);
  });

  it("are found by their names and by short ones, in any letter case", () => {
    for (const weights of releasedWeights)
      expect(findReleasedWeights(weights.name.toUpperCase())).toBe(weights);
    expect(findReleasedWeights("SubCell")!.name).toBe("subcell-DNA-Protein");
    expect(findReleasedWeights("cell-diff")!.name).toBe("cell-diff-hpa");
    expect(findReleasedWeights("esmc")).toBeUndefined();
  });

  const head = { dtype: "float32", shape: [0], data: new Float32Array(0) } as const;
  const withHead = new Map([["lm_head.dense.bias", head]]);
  it.each([
    ["esmc-300m", { architecture: "esmc", config: esmcPresets["300M"], weights: withHead }],
    ["esmc-600m", { architecture: "esmc", config: esmcPresets["600M"], weights: withHead }],
    ["vermeer-b", { architecture: "vermeer", config: vermeerPresets.B, weights: new Map() }],
    ["vermeer-l", { architecture: "vermeer", config: vermeerPresets.L, weights: new Map() }],
    ["vermeer-xl", { architecture: "vermeer", config: vermeerPresets.XL, weights: new Map() }],
    ["vermeer-vq", { architecture: "vermeer-vq", config: vermeerVqDefaults, weights: new Map() }],
  ] as const)("%s has exactly the numbers that the network declares", (name, model) => {
    // Vermeer's vector of no protein is a buffer; the codebook's marks of use are not read.
    const buffers = { vermeer: -1152, "vermeer-vq": 65_536, esmc: 0 }[model.architecture];
    expect(count(model) + buffers).toBe(releasedWeights.find((weights) => weights.name === name)!.parameters);
  });

  it("of SubCell are an encoder and its classifiers of 926,239 numbers", () => {
    const encoder = { ...subcellDefaults, numClassifiers: 0 };
    const none = count({ architecture: "subcell", config: encoder, weights: new Map() });
    const one = count({ architecture: "subcell", config: subcellDefaults, weights: new Map() });
    expect(one - none).toBe(926_239);
    expect(Math.abs(4 * none - 348_900_000)).toBeLessThan(100_000);
  });

  it("of CELL-Diff are the released number of bytes, but for heads of ESM2 that are not used", () => {
    const own = count({ architecture: "cell-diff", config: cellDiffDefaults, weights: new Map() });
    // The heads of ESM2: a layer, a normalisation, biases, the tied table stored once more, a regression; and 33 tables of
    // rotary frequencies.
    const width = 1280;
    const heads = width * width + width + 2 * width + 33 + 33 * width + 33 * 20 + 1 + 33 * 32;
    expect(6_688_104_168 / 4 - own).toBe(heads);
  });
});
