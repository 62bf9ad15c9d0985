import { describe, expect, it } from "vitest";
import type { WindowRow } from "../api/types.ts";
import { sameWindow, variantOfWindow, windowRequest } from "./scan-window.ts";

const protein = { id: "FBL", description: "", sequence: "MKTAYIAKQR" };
const settings = { samples: 4, steps: 12, guidance: 3, sampler: "dpm++", seed: 5 } as const;
const request = windowRequest(protein, "del:2-4", ["library:3", "library:4"], settings);
const window = (changes: Partial<WindowRow>): WindowRow => ({
  ...{ first: 2, last: 4, residues: "KTA", variant: "del:2-4", compartment: "Golgi", change: {} },
  ...{ effect: 1, effectSize: 1, p: 1, q: 1 },
  ...changes,
});

describe("the picture of a window", () => {
  it("is one sample of the wild type and of the change, around one nucleus", () => {
    expect(request).toMatchObject({ kind: "mutate", variants: ["del:2-4"], nuclei: ["library:3"] });
    expect(request.settings).toEqual({ ...settings, samples: 1 });
  });
  it("shows the change of the scan, and the deletion of a stretch whose change is random", () => {
    expect(variantOfWindow(window({ variant: "ala:2-4" }))).toBe("ala:2-4");
    expect(variantOfWindow(window({ variant: null }))).toBe("del:2-4");
    expect(variantOfWindow(window({ variant: null, last: 2 }))).toBe("del:2");
  });
  it("is the same for the same protein, change, nucleus and settings alone", () => {
    expect(sameWindow({ ...request, draws: 40 }, request)).toBe(true);
    expect(sameWindow({ ...request, protein: { ...protein, id: "other name" } }, request)).toBe(true);
    expect(sameWindow({ ...request, variants: ["del:2-5"] }, request)).toBe(false);
    expect(sameWindow({ ...request, nuclei: ["library:4"] }, request)).toBe(false);
    expect(sameWindow({ ...request, settings: { ...request.settings, seed: 6 } }, request)).toBe(false);
    expect(sameWindow({ kind: "generate", proteins: [protein], nuclei: [], settings }, request)).toBe(false);
  });
});
