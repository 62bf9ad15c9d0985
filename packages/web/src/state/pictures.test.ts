import { describe, expect, it } from "vitest";
import type { Backend } from "../api/backend.ts";
import type { Cell } from "../api/types.ts";
import { describePicture, duration, megabytes, percent, picturesOf, ranked, titleOf } from "./pictures.ts";

const cell: Cell = {
  protein: { id: "FBL", description: "", sequence: "MK" },
  ...{ variant: null, nucleusId: "library:0", seed: 0, width: 2, height: 1, pixelSizeMicrometers: 0.4 },
  nucleus: { url: "n" },
  samples: [
    { protein: { url: "a" }, compartments: { nucleolus: 0.9, ER: 0.1 } },
    { protein: { url: "b" }, compartments: { nuclear_domains: 0.6, ER: 0.4 } },
  ],
  classified: { nucleolus: 0.5, ER: 0.5 },
  ...{ agreement: 0.5, medoid: 1, provenance: null },
};
const planes: Record<string, number> = { n: 1, a: 2, b: 3 };
const backend = {
  plane: async ({ url }: { url?: string }) => Float32Array.of(planes[url!]!, 0),
} as unknown as Backend;

describe("pictures", () => {
  it("are the samples of all cells, with their planes and keys of their own", async () => {
    const pictures = await picturesOf("job", { cells: [cell, { ...cell, variant: "del:2" }] }, backend);
    expect(pictures.map(({ key }) => key)).toEqual(["job:0:0", "job:0:1", "job:1:0", "job:1:1"]);
    expect(pictures.map(({ protein }) => protein[0])).toEqual([2, 3, 2, 3]);
    expect(pictures.map(({ isMedoid }) => isMedoid)).toEqual([false, true, false, true]);
    expect(pictures[0]!.nucleus[0]).toBe(1);
  });

  it("are described for who does not see them", async () => {
    const pictures = await picturesOf("job", { cells: [{ ...cell, variant: "del:2" }] }, backend);
    expect(describePicture(pictures[1]!)).toBe(
      "Synthetic image of FBL, del:2, sample 2, the medoid, most like nuclear domains",
    );
    expect(titleOf(cell)).toBe("FBL");
  });

  it("have figures that people read", () => {
    expect(ranked({ a: 0.1, b: 0.9 })).toEqual([
      ["b", 0.9],
      ["a", 0.1],
    ]);
    expect([0, 0.004, 0.976, 1].map(percent)).toEqual(["0 %", "< 1 %", "98 %", "100 %"]);
    expect([3, 75, 3700].map(duration)).toEqual(["3 s", "1 min 15 s", "1 h 1 min"]);
    expect(megabytes(36_134_326)).toBe("36 MB");
  });
});
