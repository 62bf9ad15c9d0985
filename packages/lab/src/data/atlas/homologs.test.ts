import { describe, expect, it } from "vitest";
import { protein } from "../../testing/atlas-fixture.ts";
import { compartments } from "./compartments.ts";
import { homologsOf } from "./homologs.ts";

const labelled = (sequence: string, source: "opencell" | "deeploc2-swissprot", ...names: string[]) =>
  protein({ sequence, source, labels: names.map((name) => ({ name, weight: 3 })) });

const { config, proteins } = homologsOf([
  labelled("MKT", "opencell", "nucleolus"),
  labelled("MKTAY", "opencell", "nucleolus"),
  labelled("MA", "opencell", "nucleoplasm", "mitochondria"),
  labelled("MAA", "deeploc2-swissprot", "nucleoplasm"),
  labelled("MC", "deeploc2-swissprot", "nucleoplasm", "ER"),
  labelled("MD", "deeploc2-swissprot"),
]);
const sharesOf = (index: number) => {
  const row = proteins.shares.subarray(index * compartments.length, (index + 1) * compartments.length);
  return Object.fromEntries(
    [...row].flatMap((share, label) => (share > 0 ? [[compartments[label], share]] : [])),
  );
};

describe("relativesOf", () => {
  it("have the sequences one after another", () => {
    expect(config.labels).toEqual(compartments);
    expect(new TextDecoder().decode(proteins.sequences)).toBe("MKTMKTAYMAMAAMCMD");
    expect([...proteins.ends]).toEqual([3, 8, 10, 13, 15, 17]);
  });

  it("share a protein among its compartments", () => {
    expect(sharesOf(0)).toEqual({ nucleolus: 1 });
    expect(sharesOf(2)).toEqual({ nucleoplasm: 0.5, mitochondria: 0.5 });
    expect(sharesOf(5)).toEqual({});
  });

  it("shares a whole out as the sources that resolve it do", () => {
    const whole = sharesOf(3);
    expect(whole.nucleolus).toBeCloseTo(2 / 3, 6);
    expect(whole.nucleoplasm).toBeCloseTo(1 / 3, 6);
    const both = sharesOf(4);
    expect(both.ER).toBeCloseTo(0.5, 6);
    expect(both.nucleolus).toBeCloseTo(1 / 3, 6);
  });

  it("have names, and the compartments in the words of their source", () => {
    const named = { gene: "FBL", uniprot: "P22087", sequence: "MK" };
    const labels = [
      { name: "nucleoplasm", weight: 1 },
      { name: "chromatin", weight: 2 },
      { name: "nucleolus", weight: 3 },
      { name: "aggregates", weight: 3 },
    ];
    const ids = { id: "HT_ENSP1", source: "hpa-test", isHuman: false } as const;
    const places = ["nucleoplasm", "cytoplasm", "ER"].map((name) => ({ name, weight: 1 }));
    const { annotations, sources } = homologsOf([
      protein({ ...named, source: "opencell", labels }),
      protein({ ...named, ...ids, gene: undefined, uniprot: undefined, labels: places }),
    ]);
    expect(annotations).toEqual([
      {
        ...{ accession: "P22087", gene: "FBL", organism: "human", source: "opencell" },
        compartments: [
          { name: "nucleolus", grade: 3 },
          { name: "nucleoplasm", grade: 2 },
        ],
      },
      {
        ...{ accession: "ENSP1", gene: "", organism: "", source: "hpa" },
        compartments: ["nucleus", "cytoplasm", "ER"].map((name) => ({ name, grade: null })),
      },
    ]);
    expect(sources.map(({ key }) => key)).toEqual(["opencell", "uniprot", "hpa"]);
  });

  it("shares a whole out equally where no source resolves it", () => {
    const { shares } = homologsOf([labelled("MK", "deeploc2-swissprot", "nucleoplasm")]).proteins;
    expect([...shares].filter((share) => share > 0)).toEqual([0.25, 0.25, 0.25, 0.25]);
  });
});
