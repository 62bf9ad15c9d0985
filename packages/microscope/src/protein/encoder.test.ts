import { compile, f32, float32, type Runtime } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { readSafetensors } from "@proteoscope/formats";
import {
  computeSequenceFeatures,
  featureHead,
  memoryFolder,
  saveSequenceCondition,
  sequenceFeatureCount,
} from "@proteoscope/models";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readSequenceModel } from "../model/read-model.ts";
import { randomModelFiles, tinyShape } from "../testing/tiny-model.ts";
import { type EncodeOptions, type KnownTarget, openProteinEncoder } from "./encoder.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
});
afterAll(() => runtime.close());

const known = "MKRPAATKKAGQAKKKKLDK";
const files = randomModelFiles({ ...tinyShape, homolog: known });

/** A condition to which the logits are added, each along a direction of its own. */
const directions = Array.from({ length: 48 }, (_, i) => Math.sin(i));
const condition = new Map([
  ...readSafetensors(files.get("condition/model.safetensors")!).tensors,
  ["compartments.directions", float32([3, 16], Float32Array.from(directions))],
]);

async function read(sequence: string, model: ReadonlyMap<string, Uint8Array>, options: EncodeOptions = {}) {
  const reader = await openProteinEncoder(
    runtime,
    await readSequenceModel(memoryFolder(new Map(model), "tiny")),
  );
  const protein = await reader.encode(sequence, {}, options);
  await reader.close();
  return protein;
}

describe("an encoder with annotated proteins", () => {
  it("predicts the annotation of a protein that is annotated", async () => {
    const [alone, context] = [await read(known, randomModelFiles()), await read(known, files)];
    expect([alone.nearestHomolog, context.nearestHomolog]).toEqual([undefined, expect.closeTo(1, 9)]);
    expect(context.posterior.golgi_apparatus).toBeGreaterThan(alone.posterior.golgi_apparatus!);
    expect(context.posterior.golgi_apparatus).toBeGreaterThan(0.9);
    expect(context.probabilities.nucleus).toBeLessThan(alone.probabilities.nucleus!);
  });

  it("adds nothing for a protein without homologs", async () => {
    const strange = "WWHWWHHWWHHHWWHHHH";
    const [alone, context] = [await read(strange, randomModelFiles()), await read(strange, files)];
    expect(context.nearestHomolog).toBe(0);
    expect(context.logits).toEqual(alone.logits);
    expect(context.condition).toEqual(alone.condition);
  });

  it("compares the whole sequence, beyond the language model's window", async () => {
    const long = `${"W".repeat(40)}${known}${"W".repeat(40)}`;
    const { window, nearestHomolog } = await read(long, files);
    expect(window.sequence.length).toBeLessThan(long.length);
    expect(nearestHomolog).toBeGreaterThan(0.5);
  });
});

describe("an encoder with annotations", () => {
  const wild = `${known}MKTAYIAKQRQISFVKSHFSRQ`;
  const annotated = [
    { name: "golgi_apparatus", grade: 3 },
    { name: "nucleus", grade: 2 },
  ];
  const annotations = randomModelFiles({ ...tinyShape, homolog: wild, annotated });

  it("knows a protein, and predicts its compartments from the sequence alone", async () => {
    const [alone, protein] = [await read(wild, randomModelFiles()), await read(wild, annotations)];
    expect(protein.known).toMatchObject({
      accession: "P00001",
      annotations: [{ source: "Test source", compartments: annotated }],
    });
    expect(protein).toMatchObject({
      near: undefined,
      usesHomologs: false,
      nearestHomolog: expect.closeTo(1, 9),
    });
    expect(protein.logits).toEqual(alone.logits);
    expect(protein.knownTargets).toEqual([]); // this model has no compartment target
  });

  it("knows no variant of it, and predicts for that from the sequence alone as well", async () => {
    const variant = `${wild.slice(0, -1)}W`;
    const [alone, protein] = [await read(variant, randomModelFiles()), await read(variant, annotations)];
    expect(protein.known).toBeUndefined();
    expect(protein.near!.protein).toMatchObject({ accession: "P00001" });
    expect(protein.nearestHomolog).toBeGreaterThan(0.9);
    expect(protein.logits).toEqual(alone.logits);
  });

  it("leaves all annotated proteins out where it is asked to", async () => {
    const homolog = "MLLLARCLLLVLVSSLLVCSG";
    for (const sequence of [wild, homolog, `WWHH${homolog}HWWHHHWWHHHHWWHW`]) {
      const alone = await read(sequence, randomModelFiles());
      const without = await read(sequence, annotations, { homologs: false });
      expect(without).toEqual({ ...alone, usesHomologs: false });
    }
  });
});

describe("an encoder with a head on sequence features", () => {
  const { labels } = tinyShape.localization;
  const sequenceFeatures = { labels, hiddenSize: 8, layers: 1, inputDropout: 0.2, dropout: 0.2 };
  const shape = { ...tinyShape, homolog: known };
  const withFeatures = randomModelFiles({ ...shape, sequenceFeatures });
  const long = `MLLLARCLLLVLVSSLLVCSG${"GSDTEWHF".repeat(9)}SKL`;

  /** The logits of the head by itself. */
  async function headLogits(sequence: string): Promise<Float32Array> {
    const { weights } = (await readSequenceModel(memoryFolder(withFeatures, "tiny"))).sequenceFeatures!;
    const program = await compile(
      runtime,
      (w, { x }) => ({ logits: featureHead(w, sequenceFeatures, x) }),
      { x: f32(1, sequenceFeatureCount) },
      { weights },
    );
    const { logits } = await program.run({
      x: float32([1, sequenceFeatureCount], computeSequenceFeatures(sequence)),
    });
    await program.close();
    return logits.data as Float32Array;
  }

  it("adds its logits of the whole sequence, beyond the language model's window", async () => {
    const [alone, context] = [await read(long, files), await read(long, withFeatures)];
    expect(context.window).toEqual(alone.window);
    expect(context.window.sequence.length).toBeLessThan(long.length);
    const [whole, shown] = [await headLogits(long), await headLogits(context.window.sequence)];
    const added = context.logits.map((logit, label) => logit - alone.logits[label]!);
    for (const [label, logit] of whole.entries()) {
      expect(added[label]).toBeCloseTo(logit, 5);
      expect(Math.abs(logit)).toBeGreaterThan(1e-3);
      expect(Math.abs(added[label]! - shown[label]!)).toBeGreaterThan(1e-3);
    }
  });

  it("predicts from the sum, and adds it to the condition", async () => {
    const conditioned = saveSequenceCondition({ input: "full", weights: condition });
    const [alone, context] = [
      await read(known, new Map([...files, ...conditioned])),
      await read(known, new Map([...withFeatures, ...conditioned])),
    ];
    expect(context.nearestHomolog).toBeCloseTo(1, 9);
    const added = await headLogits(known);
    const logitOf = ({ probabilities: { cytosol } }: typeof context) => Math.log(cytosol! / (1 - cytosol!));
    expect(logitOf(context) - logitOf(alone)).toBeCloseTo(added[1]!, 3);
    for (const at of [0, 7, 16 * 5 + 3]) {
      const change = added.reduce(
        (sum, logit, label) => sum + logit * directions[label * 16 + (at % 16)]!,
        0,
      );
      expect(context.condition[at]! - alone.condition[at]!).toBeCloseTo(change, 3);
    }
  });

  it("lists the head's files among those that it was read from", async () => {
    const paths = async (model: Map<string, Uint8Array>) =>
      Object.keys((await readSequenceModel(memoryFolder(model, "tiny"))).checksums);
    const before = await paths(files);
    expect((await paths(withFeatures)).filter((path) => !before.includes(path))).toEqual([
      "sequence_features/config.json",
      "sequence_features/model.safetensors",
    ]);
  });

  it("is refused where that has other labels than the localization head", async () => {
    const other = randomModelFiles({
      ...shape,
      sequenceFeatures: { ...sequenceFeatures, labels: ["nucleus"] },
    });
    await expect(read(known, other)).rejects.toThrow(
      "tiny/sequence_features/config.json: labels: nucleus where",
    );
  });
});

describe("an encoder with a compartment target", () => {
  const target = { compartments: ["golgi_apparatus", "nucleus"], inverseTemperature: 4 };
  const prototypes = [-3, -2, 9, 7, -1, -4];
  const untargeted = new Map([...files, ...saveSequenceCondition({ input: "full", weights: condition })]);
  const weights = new Map([
    ...condition,
    ["compartments.prototypes", float32([2, 3], Float32Array.from(prototypes))],
  ]);
  const targeted = new Map([...files, ...saveSequenceCondition({ input: "full", target, weights })]);

  it("predicts the same compartments, and gives the shares of the target", async () => {
    const [before, after] = [await read(known, untargeted), await read(known, targeted)];
    expect(before.targetCompartments).toBeUndefined();
    expect(after.logits).toEqual(before.logits);
    expect(after.posterior).toEqual(before.posterior);
    expect(Object.keys(after.targetCompartments!)).toEqual(target.compartments);
    const { golgi_apparatus: golgi, nucleus } = after.posterior as Record<string, number>;
    const share = golgi! ** 4 / (golgi! ** 4 + nucleus! ** 4);
    expect(after.targetCompartments!.golgi_apparatus).toBeCloseTo(share, 4);
    expect(after.targetCompartments!.nucleus).toBeCloseTo(1 - share, 4);
  });

  it("adds prototypes to the condition in place of the logits", async () => {
    const [before, after] = [await read(known, untargeted), await read(known, targeted)];
    const shares = target.compartments.map((name) => after.targetCompartments![name]!);
    for (const at of [0, 7, 16 * 5 + 3]) {
      const change = [0, 1, 2].reduce((sum, label) => {
        const context = shares[0]! * prototypes[label]! + shares[1]! * prototypes[3 + label]!;
        return sum + (context - before.logits[label]!) * directions[label * 16 + (at % 16)]!;
      }, 0);
      expect(after.condition[at]! - before.condition[at]!).toBeCloseTo(change, 3);
    }
  });
});

describe("an encoder with a compartment target and annotations", () => {
  const target = { compartments: ["cytosol", "golgi_apparatus", "nucleus"], inverseTemperature: 4 };
  const prototypes = [1, 5, -2, -3, -2, 9, 7, -1, -4];
  const weights = new Map([
    ...condition,
    ["compartments.prototypes", float32([3, 3], Float32Array.from(prototypes))],
  ]);
  const modelOf = (...names: readonly [name: string, grade: number][]) => {
    const annotated = names.map(([name, grade]) => ({ name, grade }));
    return new Map([
      ...randomModelFiles({ ...tinyShape, homolog: known, annotated }),
      ...saveSequenceCondition({ input: "full", target, weights }),
    ]);
  };

  it("conditions on each main compartment of a known protein by itself", async () => {
    const protein = await read(known, modelOf(["nucleus", 2], ["golgi_apparatus", 3]));
    const shares = protein.knownTargets.map(({ compartment, share }) => [compartment, share]);
    expect(shares).toEqual([
      ["golgi_apparatus", 0.6],
      ["nucleus", 0.4],
    ]);
    expect(protein.condition).toBe(protein.knownTargets[0]!.condition);
    expect(protein.targetCompartments).toEqual({ cytosol: 0, golgi_apparatus: 0.6, nucleus: 0.4 });
    const [golgi, nucleus] = protein.knownTargets as [KnownTarget, KnownTarget];
    for (const at of [0, 7, 16 * 5 + 3]) {
      const change = [0, 1, 2].reduce(
        (sum, label) =>
          sum + (prototypes[6 + label]! - prototypes[3 + label]!) * directions[label * 16 + (at % 16)]!,
        0,
      );
      expect(nucleus.condition[at]! - golgi.condition[at]!).toBeCloseTo(change, 3);
    }
  });

  it("conditions on one as on a prediction that is sure of it", async () => {
    const [alone] = (await read(known, modelOf(["nucleus", 3]))).knownTargets;
    const sure = new Map([
      ...modelOf(),
      ...saveSequenceCondition({
        input: "full",
        target: { ...target, compartments: ["nucleus"] },
        weights: new Map([
          ...condition,
          ["compartments.prototypes", float32([1, 3], Float32Array.from(prototypes.slice(6)))],
        ]),
      }),
    ]);
    const predicted = await read(known, sure);
    expect(predicted.knownTargets).toEqual([]);
    expect(alone!.condition).toEqual(predicted.condition);
  });

  it("predicts the target of a known protein that no image shows", async () => {
    const protein = await read(known, modelOf(["extracellular", 3]));
    expect(protein.known).toBeDefined();
    expect(protein.knownTargets).toEqual([]);
    const total = Object.values(protein.targetCompartments!).reduce((sum, share) => sum + share, 0);
    expect(total).toBeCloseTo(1, 5);
  });
});

describe("a model whose annotated proteins", () => {
  it("have other labels than its head is refused", async () => {
    const path = "homologs/config.json";
    const json = { ...JSON.parse(new TextDecoder().decode(files.get(path))), labels: ["nucleus"] };
    const changed = new Map(files).set(path, new TextEncoder().encode(JSON.stringify(json)));
    await expect(read(known, changed)).rejects.toThrow(
      "tiny/homologs/config.json: labels: nucleus where localization/config.json says nucleus,cytosol,golgi_apparatus",
    );
  });
});
