import { describe, expect, it } from "vitest";
import { imageCompartments } from "../../data/atlas/compartments.ts";
import { mostProbable, scoreClasses, scoreSet } from "./score-compartments.ts";

const options = { seed: 1, rounds: 200 };
const er = { name: "ER", members: ["ER"] };
const golgi = { name: "Golgi", members: ["Golgi"] };
const nucleus = { name: "nucleus (any part)", members: ["nucleoplasm", "nucleolus"] };

/** Probabilities that one compartment has most of. */
const peakedAt = (predicted: string) => imageCompartments.map((name) => (name === predicted ? 0.9 : 0.01));
const changedTo = (predicted: string) => ({ probabilities: peakedAt(predicted), protein: "" });

interface Said {
  drawn: string;
  languageModel: string;
  floor?: string;
}
const record = (label: typeof er, { drawn, languageModel, floor }: Said) => ({
  ...{ label, drawn: { probabilities: peakedAt(drawn) }, languageModel: peakedAt(languageModel) },
  uncalibrated: peakedAt("cytoplasm"),
  changed:
    floor === undefined
      ? null
      : {
          shuffledSequence: changedTo(floor),
          otherProtein: { id: "x", ...changedTo(floor) },
          otherNucleus: { nucleus: 1, probabilities: peakedAt(drawn) },
          randomEmbedding: changedTo("vesicles"),
          unconditional: changedTo("vesicles"),
        },
});

const unseen = [
  record(er, { drawn: "ER", languageModel: "ER", floor: "Golgi" }),
  record(er, { drawn: "Golgi", languageModel: "ER", floor: "Golgi" }),
  record(golgi, { drawn: "Golgi", languageModel: "ER", floor: "Golgi" }),
  record(nucleus, { drawn: "nucleolus", languageModel: "nucleolus", floor: "Golgi" }),
];
const real = [
  { field: "a", compartment: "ER", predicted: "ER", decodedPrediction: "Golgi" },
  { field: "a", compartment: "ER", predicted: "Golgi", decodedPrediction: "Golgi" },
  { field: "b", compartment: "nucleoplasm", predicted: "nucleolus", decodedPrediction: "nucleolus" },
  { field: "c", compartment: "vesicles", predicted: "ER", decodedPrediction: undefined },
];

describe("the scores of a set", () => {
  const { scores, drawnLess, classes, proteins } = scoreSet(unseen, real, options);
  const accuracy = (name: keyof typeof scores) => scores[name]!.accuracy!.value;
  const macro = (name: keyof typeof scores) => scores[name]!.macroRecall!.value;

  it("count what each prediction got right", () => {
    expect([proteins, classes]).toEqual([4, { ER: 2, Golgi: 1, "nucleus (any part)": 1 }]);
    expect([accuracy("drawn"), macro("drawn")]).toEqual([0.75, 2.5 / 3]);
    expect([accuracy("languageModel"), macro("languageModel")]).toEqual([0.75, 2 / 3]);
    expect([accuracy("shuffledSequence"), accuracy("otherProtein")]).toEqual([0.25, 0.25]);
    expect(accuracy("otherNucleus")).toBe(0.75);
    expect([accuracy("uncalibrated"), accuracy("randomEmbedding"), accuracy("unconditional")]).toEqual([
      0, 0, 0,
    ]);
  });

  it("have the best constant prediction and chance as floors, each measure its own", () => {
    expect([accuracy("mostFrequentAnswer"), macro("mostFrequentAnswer")]).toEqual([0.5, 1 / 3]);
    const nucleolus = { name: "nucleolus", members: ["nucleolus"] };
    const more = ["nucleolus"].map((predicted) =>
      record(nucleolus, { drawn: predicted, languageModel: predicted, floor: "Golgi" }),
    );
    const mixed = scoreSet(
      [...unseen, record(er, { drawn: "ER", languageModel: "ER", floor: "ER" }), ...more],
      real,
      options,
    );
    const { accuracy: plain, macroRecall } = mixed.scores.mostFrequentAnswer!;
    expect([plain!.value, macroRecall!.value]).toEqual([0.5, 0.5]); // always ER; always nucleolus
    expect(accuracy("chance")).toBeCloseTo((1 + 1 + 1 + 2) / 12 / 4, 12);
    expect(macro("chance")).toBeCloseTo((1 + 1 + 2) / 12 / 3, 12);
  });

  it("weigh real crops as the set's classes are, without those of no crop", () => {
    // ER: 1 of 2, weight 2; any nucleus: 1 of 1, weight 1; Golgi has no crop, vesicles no protein.
    expect(accuracy("realCrops")).toBeCloseTo((2 * 0.5 + 1) / 3, 12);
    expect(macro("realCrops")).toBe(0.75);
    expect(scores.realCrops!.accuracy!.n).toBe(2);
    expect(accuracy("decodedCrops")).toBeCloseTo((2 * 0 + 1) / 3, 12);
  });

  it("compare generated images with the others protein by protein", () => {
    expect(drawnLess.accuracy.languageModel!.value).toBe(0);
    expect(drawnLess.accuracy.strongestFloor).toMatchObject({
      floor: "mostFrequentAnswer",
      value: 0.25,
      n: 4,
    });
    expect(drawnLess.macroRecall.languageModel!.value).toBeCloseTo(0.5 / 3, 12);
    expect(drawnLess.macroRecall.strongestFloor).toMatchObject({ value: expect.closeTo(1.5 / 3, 12), n: 4 });
  });

  it("leave out what was not measured, and have no value for no proteins", () => {
    const seen = scoreSet([record(er, { drawn: "ER", languageModel: "ER" })], [], options);
    expect(Object.keys(seen.scores).sort()).toEqual(
      [
        ...["chance", "decodedCrops", "drawn", "languageModel", "mostFrequentAnswer", "realCrops"],
        "uncalibrated",
      ].sort(),
    );
    expect(seen.scores.realCrops).toEqual({ accuracy: null, macroRecall: null });
    const none = scoreSet([], real, options);
    expect(none.scores.drawn).toEqual({ accuracy: null, macroRecall: null });
    const nothing = { languageModel: null, strongestFloor: null };
    expect(none.drawnLess).toEqual({ accuracy: nothing, macroRecall: nothing });
  });

  it("have the baselines where a record has them", () => {
    const asked = unseen.map((one) => ({
      ...one,
      baselines: { composition: peakedAt("ER"), kmers: peakedAt("Golgi") },
    }));
    const { composition, kmers } = scoreSet(asked, real, options).scores;
    expect([composition!.accuracy!.value, kmers!.accuracy!.value]).toEqual([0.5, 0.25]);
  });
});

describe("the scores of classes", () => {
  const seen = [record(er, { drawn: "ER", languageModel: "ER" })];
  const confident = ["ER", "Golgi", "ER", "cytoskeleton"].map((predicted, i) => ({
    compartment: i < 3 ? "ER" : "cytoskeleton",
    drawn: peakedAt(predicted),
  }));
  const classes = scoreClasses({ unseen, seen, confident, real }, options);

  it("are in the order of the vocabulary, with those of real crops or of the confident subset alone", () => {
    expect(classes.map(({ name }) => name)).toEqual([
      ...["nucleoplasm", "ER", "vesicles", "Golgi", "cytoskeleton", "nucleus (any part)"],
    ]);
  });

  it("are recalls of generated and real images, compared with twice chance", () => {
    const [, ofEr, vesicles, , cytoskeleton, ofNucleus] = classes;
    expect(ofEr).toMatchObject({
      chance: 1 / 12,
      unseen: { value: 0.5, n: 2 },
      isAboveTwiceChance: true,
      seen: { value: 1, n: 1 },
      languageModel: { value: 1, n: 2 },
      real: { value: 0.5, n: 1, crops: 2 },
      confident: { value: 2 / 3, n: 3 },
    });
    expect(cytoskeleton).toMatchObject({
      unseen: null,
      seen: null,
      real: null,
      confident: { value: 1, n: 1 },
    });
    expect(vesicles).toMatchObject({
      unseen: null,
      isAboveTwiceChance: null,
      real: { value: 0 },
      confident: null,
    });
    expect(ofNucleus).toMatchObject({ chance: 2 / 12, unseen: { value: 1 }, real: { value: 1, crops: 1 } });
  });

  it("are below twice chance where nothing is right", () => {
    const wrong = [record(er, { drawn: "Golgi", languageModel: "ER" })];
    expect(
      scoreClasses({ unseen: wrong, seen: [], confident: [], real: [] }, options)[0]!.isAboveTwiceChance,
    ).toBe(false);
  });
});

it("the most probable compartment has the largest probability", () => {
  expect(mostProbable(peakedAt("vesicles"))).toBe("vesicles");
});
