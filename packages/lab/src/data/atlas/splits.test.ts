import { describe, expect, it } from "vitest";
import { crop, protein } from "../../testing/atlas-fixture.ts";
import { isTrainingCrop, splitSequences, splitsByUniprot } from "./splits.ts";
import { type Protein, readCrops, readLocalisation, readProteins } from "./tables.ts";

const swissprot = (id: string, changes: Partial<Protein> = {}) =>
  protein({ id, source: "deeploc2-swissprot", uniprot: id, sequence: `MS${id}`, ...changes });
const opencell = (id: string, changes: Partial<Protein> = {}) =>
  protein({ id, uniprot: id, sequence: `MC${id}`, split: "train", ...changes });

describe("splitSequences", () => {
  it("holds out one partition, has one for calibration and trains on the others", () => {
    const rows = ["A", "C", "D", "E", "F"].map((id, partition) => swissprot(id, { partition }));
    expect(splitSequences(rows)).toEqual(["train", "train", "train", "calibration", "test"]);
    expect(splitSequences(rows, { testPartition: 0, calibrationPartition: 1 })).toEqual([
      ...["test", "calibration"],
      ...["train", "train", "train"],
    ]);
  });

  it("never trains on OpenCell's validation and test proteins, whatever their partition", () => {
    const rows = [opencell("A", { split: "val", partition: 0 }), opencell("C", { split: "test" })];
    expect(splitSequences(rows)).toEqual(["opencell", "opencell"]);
  });

  it("does not use what resembles them", () => {
    expect(splitSequences([swissprot("A", { partition: 0, leakOf: ["OC_1"] })])).toEqual(["unused"]);
  });

  it.each([
    ["cluster", { cluster: "7" }],
    ["gene", { ensg: "ENSG7" }],
    ["sequence", { sequence: "MSAME" }],
  ] as const)("does not train on a protein of the %s of a held-out one", (_, shared) => {
    const rows = [swissprot("A", { partition: 4, ...shared }), opencell("C", shared), swissprot("D")];
    expect(splitSequences(rows)).toEqual(["test", "unused", "train"]);
  });

  it("follows relations through records of other tables", () => {
    const rows = [
      opencell("OC_1", { cluster: "1" }),
      swissprot("A", { sameAs: "OC_1", partition: 4 }),
      opencell("OC_2", { cluster: "1" }),
    ];
    expect(splitSequences(rows)).toEqual(["unused", "test", "unused"]);
  });

  it("counts the HPA test set as external only where nothing like it is trained on", () => {
    const hpa = (id: string, ensg: string) => protein({ id, source: "hpa-test", ensg, sequence: `MH${id}` });
    const rows = [hpa("A", "E1"), hpa("C", "E2"), swissprot("D", { ensg: "E2", partition: 1 })];
    expect(splitSequences(rows)).toEqual(["external", "unused", "train"]);
  });
});

describe("isTrainingCrop", () => {
  const splits = splitsByUniprot(
    [opencell("A"), opencell("C"), protein({ id: "D" })],
    ["train", "test", "train"],
  );

  it("takes fields of the training split whose protein is trained on or unknown", () => {
    expect(isTrainingCrop(crop({ uniprot: "A" }), splits)).toBe(true);
    expect(isTrainingCrop(crop({ uniprot: "C" }), splits)).toBe(false);
    expect(isTrainingCrop(crop(), splits)).toBe(true);
    expect(isTrainingCrop(crop({ split: "val" }), splits)).toBe(false);
    expect(isTrainingCrop(crop({ uniprot: "A", split: "test" }), splits)).toBe(false);
  });

  it("trusts no accession whose records disagree", () => {
    const twice = [opencell("A"), opencell("A")];
    expect(splitsByUniprot(twice, ["train", "unused"]).get("A")).toBe("unused");
    expect(splitsByUniprot(twice, ["unused", "train"]).get("A")).toBe("unused");
  });
});

// The real tables are not part of the repository: name their folder to hold them to the same rules.
const folder = process.env.PROTEOSCOPE_ATLAS;

describe.skipIf(folder === undefined)("the atlas named by PROTEOSCOPE_ATLAS", () => {
  it("has no held-out protein, gene, cluster, sequence or field of view in training", async () => {
    const all = [...(await readProteins(folder!)), ...(await readLocalisation(folder!))];
    const splits = splitSequences(all);
    const keysOf = ({ ensg, uniprot, sequence, cluster }: Protein) => [
      ensg && `ensg ${ensg}`,
      uniprot && `uniprot ${uniprot}`,
      cluster && `cluster ${cluster}`,
      sequence,
    ];
    const keysIn = (split: string) =>
      new Set(
        all
          .filter((_, index) => splits[index] === split)
          .flatMap(keysOf)
          .filter((key) => !!key),
      );
    const trained = keysIn("train");
    expect(trained.size).toBeGreaterThan(10_000);
    for (const split of ["test", "calibration", "opencell", "external"]) {
      const shared = [...keysIn(split)].filter((key) => trained.has(key));
      expect(shared, split).toEqual([]);
    }
    const { crops } = await readCrops(folder!);
    const byUniprot = splitsByUniprot(all, splits);
    const training = crops.filter((one) => isTrainingCrop(one, byUniprot));
    const fields = new Set(training.map(({ fieldOfView }) => fieldOfView));
    expect(crops.filter((one) => one.split !== "train" && fields.has(one.fieldOfView))).toEqual([]);
    expect(training.filter(({ uniprot }) => uniprot && byUniprot.get(uniprot) === "test")).toEqual([]);
  }, 60_000);
});
