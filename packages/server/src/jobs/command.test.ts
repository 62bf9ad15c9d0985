// The command line of a job: the one that makes the same, or none.

import { describe, expect, it } from "vitest";
import type { JobRequest } from "../api.ts";
import { jobRequest } from "../http/schemas/job-requests.ts";
import { openProteinLookup } from "../proteins.ts";
import { commandOf } from "./command.ts";

const sequence = "MKTAYIAKQRQISFVKSHFS";
const proteins = openProteinLookup(undefined, [{ symbol: "FBL", accession: "P22087", title: "", sequence }]);
const command = (job: JobRequest) => commandOf(jobRequest.parse(job), { proteins, libraryCount: 3 });
const named = { id: "FBL", gene: "FBL", sequence };
const other = { id: "mine", sequence: `${sequence}AA` };

describe("the command of a job", () => {
  it("names proteins that have names, and gives the sequences of others", () => {
    const request = { proteins: [named, other], nuclei: ["library:0"] };
    expect(command({ kind: "generate", request })).toBe(`proteoscope generate FBL ${other.sequence}`);
    const wrong = { proteins: [{ ...other, id: "FBL", gene: "FBL" }], nuclei: ["library:0"] };
    expect(command({ kind: "generate", request: wrong })).toBe(`proteoscope generate ${other.sequence}`);
    const short = { proteins: [{ id: "a", sequence: "MKT" }], nuclei: ["library:0"] };
    expect(command({ kind: "generate", request: short })).toBeNull();
  });

  it("has the settings that were given", () => {
    const settings = { samples: 2, steps: 10, sampler: "dpm++", guidance: 2.5, seed: 4 } as const;
    const request = { proteins: [named], nuclei: ["library:1"], ...settings, cellLine: "HeLa's" };
    expect(command({ kind: "generate", request })).toBe(
      "proteoscope generate FBL --samples 2 --steps 10 --sampler dpm++ --guidance 2.5 --seed 4 --cell-line 'HeLa'\\''s'",
    );
  });

  it("is there for nuclei of the library, those of its seed or one by its number", () => {
    const generate = (nuclei: string[], seed?: number) =>
      command({
        kind: "generate",
        request: { proteins: [named], nuclei, ...(seed !== undefined && { seed }) },
      });
    expect(generate(["library:1"])).toBe("proteoscope generate FBL --nucleus library:1");
    expect(generate(["library:2"], 5)).toMatch(/--seed 5$/);
    expect(generate(["library:0", "library:1"])).toBeNull();
    expect(generate([`upload:${"0".repeat(64)}`])).toBeNull();
    const mutate = (nuclei: string[]) =>
      command({ kind: "mutate", request: { protein: named, variants: ["R17H", "signal:NLS@C"], nuclei } });
    expect(mutate(["library:0", "library:1"])).toBe(
      "proteoscope mutate FBL R17H signal:NLS@C --draws 400 --nuclei 2",
    );
    expect(mutate(["library:1", "library:0"])).toBeNull();
  });

  it("is that of a scan, with images where it has them", () => {
    const request = { protein: named, windowResidues: 5, mode: "alanine" as const };
    expect(command({ kind: "scan", request })).toBe(
      "proteoscope scan FBL --mode alanine --window 5 --stride 5",
    );
    const images = { nuclei: ["library:2"], samples: 1 };
    expect(command({ kind: "scan", request: { ...request, seed: 2, images } })).toBe(
      "proteoscope scan FBL --mode alanine --window 5 --stride 5 --images --image-draws 40 --nuclei 1 --samples 1 --seed 2",
    );
  });

  it("is none for what only this server has", () => {
    const job = "01933c5e-9f3a-7c1e-8a54-0123456789ab";
    const images = [0, 1].map((cell) => ({ job, cell }));
    expect(command({ kind: "compare", request: { images } })).toBeNull();
    expect(command({ kind: "retrieve", request: { protein: named } })).toBeNull();
  });
});
