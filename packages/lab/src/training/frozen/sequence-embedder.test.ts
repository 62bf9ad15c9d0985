import { f32, float32, i32, initializeWeights, type Runtime, trace } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import {
  computeSequenceFeatures,
  esm2,
  esm2Config,
  type LoadedCondition,
  localizationHead,
  type SequenceInput,
  sequenceFeatureCount,
} from "@proteoscope/models";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { randomSequence } from "../../testing/atlas-fixture.ts";
import { conditionWeights, tabulateProteins } from "./protein-statistics.ts";
import { createEmbedder, prototypesName, type TrainingEncoder } from "./sequence-embedder.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime();
});
afterAll(() => runtime.close());

const width = 8;
const esm = esm2Config({ hiddenSize: width, numHiddenLayers: 1, numAttentionHeads: 2 });
const head = {
  labels: ["nucleus", "cytosol", "golgi_apparatus"],
  ...{ hiddenSize: 4, attentionHeads: 1, terminusWindow: 4, dropout: 0 },
};
const ids = i32(1, "tokens");
const declaredEsm = trace((w, { inputIds }) => ({ x: esm2(w, esm, { inputIds }).representations.at(-1)! }), {
  inputIds: ids,
});
const declaredHead = trace((w, inputs) => ({ y: localizationHead(w.at("localization"), head, inputs) }), {
  inputIds: ids,
  representation: f32(1, "tokens", width),
});
const model: TrainingEncoder = {
  languageModel: { config: esm, weights: initializeWeights(declaredEsm.parameters, 1) },
  localization: { config: head, weights: initializeWeights(declaredHead.parameters, 1) },
  sequenceFeatures: undefined,
  windowResidues: 10,
};
const proteins = Array.from({ length: 40 }, (_, seed) => randomSequence(seed, 9));

const measure = async (seed: number, input: SequenceInput = "full"): Promise<LoadedCondition> => {
  const table = await tabulateProteins(runtime, model, proteins, input);
  return { input, weights: conditionWeights(table, seed, input) };
};

const meanOf = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Mean of a protein's condition over its tokens. */
const pooled = (tokens: Float32Array) =>
  Array.from({ length: width }, (_, column) => meanOf([...tokens].filter((_, i) => i % width === column)));

describe("createEmbedder", () => {
  it("embeds every token of a protein, and both ends of a long one", async () => {
    const embedder = await createEmbedder(runtime, model, await measure(0));
    const sequence = randomSequence(1, 30);
    expect(await embedder.embed("MKT")).toHaveLength(5 * width);
    const long = await embedder.embed(sequence);
    expect(long).toHaveLength(12 * width);
    expect(await embedder.embed(sequence.slice(0, 5) + sequence.slice(-5))).toEqual(long);
    await embedder.close();
  });

  it("computes a protein once", async () => {
    const embedder = await createEmbedder(runtime, model, await measure(0));
    const first = await embedder.embed("MKT");
    expect(await embedder.embed("MKT")).toBe(first);
    await embedder.close();
  });
});

describe("the compartments of a condition", () => {
  const context = {
    ...model,
    homologLogits: (sequence: string) => new Float32Array(3).fill(sequence.length),
  };

  it("may be combined with the residues of another protein", async () => {
    const condition = await measure(0);
    const embedder = await createEmbedder(runtime, model, condition);
    const [own, other] = [proteins[0]!, proteins[1]!];
    const swapped = await embedder.embed(own, other);
    // The difference that another protein's compartments make is the same at every token.
    const difference = (await embedder.embed(own)).map((value, i) => value - swapped[i]!);
    for (const [i, value] of difference.entries()) expect(value).toBeCloseTo(difference[i % width]!, 4);
    expect(Math.hypot(...difference)).toBeGreaterThan(0.1);
    // So with both swapped, what one has gained the other has lost.
    const others = (await embedder.embed(other)).map((value, i) => value + difference[i % width]!);
    const gained = await embedder.embed(other, own);
    for (const [i, value] of gained.entries()) expect(value).toBeCloseTo(others[i]!, 4);
    await embedder.close();
  });

  it("has the logits of homologs added to those of the head", async () => {
    const [alone, withHomologs] = [
      await tabulateProteins(runtime, model, proteins.slice(0, 3)),
      await tabulateProteins(runtime, context, proteins.slice(0, 3)),
    ];
    for (const [row, logits] of withHomologs.compartments!.entries())
      for (const [label, logit] of logits.entries())
        expect(logit).toBeCloseTo(alone.compartments![row]![label]! + proteins[row]!.length, 4);
    expect(withHomologs.residues).toEqual(alone.residues);
    const condition = await measure(0);
    const [plain, conditioned] = [
      await createEmbedder(runtime, model, condition),
      await createEmbedder(runtime, context, condition),
    ];
    expect(await conditioned.embed(proteins[0]!)).not.toEqual(await plain.embed(proteins[0]!));
    for (const embedder of [plain, conditioned]) await embedder.close();
  });
});

describe("the condition of a target compartment", () => {
  const named = ["golgi_apparatus", "nucleus"];
  /** The prototypes are the logits of the first two proteins. */
  const targeted = async (): Promise<LoadedCondition> => {
    const { weights, ...condition } = await measure(0);
    const rows = (await tabulateProteins(runtime, model, proteins.slice(0, 2))).compartments!;
    const prototypes = float32([2, 3], Float32Array.from(rows.flatMap((row) => [...row])));
    const target = { compartments: named, inverseTemperature: 6 };
    return { ...condition, target, weights: new Map(weights).set(prototypesName, prototypes) };
  };

  it("is that of a protein with exactly the logits of the prototype", async () => {
    const embedder = await createEmbedder(runtime, model, await targeted());
    expect([...embedder.prototypes!.keys()]).toEqual(named);
    for (const [index, name] of named.entries()) {
      const prototypes = embedder.prototypes!.get(name)!;
      expect(prototypes).toHaveLength(width);
      const own = await embedder.embed(proteins[index]!);
      const again = await embedder.embed(proteins[index]!, prototypes);
      const [context, like] = [
        await embedder.embed(proteins[5]!, prototypes),
        await embedder.embed(proteins[5]!, proteins[index]!),
      ];
      for (const [i, value] of again.entries()) expect(value).toBeCloseTo(own[i]!, 4);
      for (const [i, value] of context.entries()) expect(value).toBeCloseTo(like[i]!, 4);
      expect(Math.hypot(...context.map((x, i) => x - again[i]!))).toBeGreaterThan(0.1);
    }
    await embedder.close();
  });

  it("is undefined without a target", async () => {
    const embedder = await createEmbedder(runtime, model, await measure(0));
    expect(embedder.prototypes).toBeUndefined();
    await embedder.close();
  });

  it("replaces that of the protein's own compartments, at every token", async () => {
    const embedder = await createEmbedder(runtime, model, await measure(0));
    const vector = Float32Array.from({ length: width }, (_, i) => i - 3);
    const [own, without, instead] = [
      await embedder.embed("MKTAY"),
      await embedder.embed("MKTAY", new Float32Array(width)),
      await embedder.embed("MKTAY", vector),
    ];
    expect(instead).toHaveLength(7 * width);
    for (const [i, value] of instead.entries())
      expect(value - without[i]!).toBeCloseTo(vector[i % width]!, 4);
    const context = own.map((value, i) => value - without[i]!);
    for (const [i, value] of context.entries()) expect(value).toBeCloseTo(context[i % width]!, 4);
    expect(await embedder.embed("MKTAY")).toBe(own); // which has not changed
    await embedder.close();
  });
});

describe("the head on sequence features", () => {
  // One layer, which takes the first feature for the nucleus and half of it for the cytosol.
  const weight = new Float32Array(3 * sequenceFeatureCount);
  [weight[0], weight[sequenceFeatureCount]] = [1, 0.5];
  const zeros = new Float32Array(sequenceFeatureCount);
  const weights = new Map([
    ["norm.mean", float32([sequenceFeatureCount], zeros)],
    ["norm.deviation", float32([sequenceFeatureCount], zeros.slice().fill(2))],
    ["layers.0.weight", float32([3, sequenceFeatureCount], weight)],
    ["layers.0.bias", float32([3], Float32Array.of(0, 0, 7))],
  ]);
  const config = { labels: head.labels, hiddenSize: 4, layers: 0, inputDropout: 0.5, dropout: 0.5 };
  const described: TrainingEncoder = { ...model, sequenceFeatures: { config, weights } };

  it("adds its logits of the whole sequence to those of the localization head", async () => {
    const long = [...proteins.slice(0, 2), randomSequence(9, 30)];
    const [alone, both] = [
      await tabulateProteins(runtime, model, long),
      await tabulateProteins(runtime, described, long),
    ];
    for (const [row, sequence] of long.entries()) {
      const first = computeSequenceFeatures(sequence)[0]! / 2;
      for (const [label, said] of [first, first / 2, 7].entries())
        expect(both.compartments![row]![label]).toBeCloseTo(alone.compartments![row]![label]! + said, 4);
    }
    expect(both.residues).toEqual(alone.residues);
  });

  it("changes the compartments of a condition, and not its residues", async () => {
    const condition = await measure(0);
    const [plain, conditioned] = [
      await createEmbedder(runtime, model, condition),
      await createEmbedder(runtime, described, condition),
    ];
    const silent = new Float32Array(width);
    const [own, more] = [await plain.embed(proteins[0]!), await conditioned.embed(proteins[0]!)];
    expect(Math.hypot(...more.map((value, i) => value - own[i]!))).toBeGreaterThan(0.1);
    const [before, after] = [
      await plain.embed(proteins[0]!, silent),
      await conditioned.embed(proteins[0]!, silent),
    ];
    for (const [i, value] of after.entries()) expect(value).toBeCloseTo(before[i]!, 4);
    for (const embedder of [plain, conditioned]) await embedder.close();
  });
});

describe("conditionWeights", () => {
  const without = ({ input, weights }: LoadedCondition): LoadedCondition => {
    const directions = weights.get("compartments.directions")!;
    const silent = { ...directions, data: new Float32Array(directions.data.length) };
    return { input, weights: new Map(weights).set("compartments.directions", silent) };
  };

  it("brings the proteins that it measured to zero mean and unit deviation", async () => {
    const condition = await measure(0);
    const embedder = await createEmbedder(runtime, model, without(condition));
    const rows: number[][] = [];
    for (const sequence of proteins) rows.push(pooled(await embedder.embed(sequence)));
    for (let column = 0; column < width; column++) {
      const values = rows.map((row) => row[column]!);
      expect(meanOf(values)).toBeCloseTo(0, 3);
      expect(meanOf(values.map((value) => value ** 2))).toBeCloseTo(1, 2);
    }
    await embedder.close();
  });

  it("gives each compartment a direction of its own, by the seed", async () => {
    const [first, again, other] = await Promise.all([0, 0, 1].map((seed) => measure(seed)));
    const directions = (condition: typeof first) => condition!.weights.get("compartments.directions")!;
    expect(directions(first).shape).toEqual([3, width]);
    expect(directions(again)).toEqual(directions(first));
    expect(directions(other).data).not.toEqual(directions(first).data);
    const spoken = await createEmbedder(runtime, model, first!);
    const silent = await createEmbedder(runtime, model, without(first!));
    const [a, b] = [await spoken.embed(proteins[0]!), await silent.embed(proteins[0]!)];
    const added = a.map((value, i) => value - b[i]!); // the same at every token
    for (const [i, value] of added.entries()) expect(value).toBeCloseTo(added[i % width]!, 4);
    expect(Math.hypot(...added)).toBeGreaterThan(0.1);
    for (const embedder of [spoken, silent]) await embedder.close();
  });
});

describe("the input of a sequence", () => {
  const embed = async (input: SequenceInput, sequences: readonly string[]) => {
    const embedder = await createEmbedder(runtime, model, await measure(0, input));
    const rows: Float32Array[] = [];
    for (const sequence of sequences) rows.push(await embedder.embed(sequence));
    await embedder.close();
    return { rows, width: embedder.width };
  };

  it.each(["mean", "bos"] as const)("is one vector of unit deviation over proteins: %s", async (input) => {
    const { rows } = await embed(input, proteins);
    const silent = { ...model, localization: undefined };
    const table = await tabulateProteins(runtime, silent, proteins, input);
    const weights = conditionWeights(table, 0, input);
    expect([...weights.keys()]).toEqual(["residues.mean", "residues.deviation"]);
    const plain = await createEmbedder(runtime, silent, { input, weights });
    const values: number[] = [];
    for (const [index, sequence] of proteins.entries()) {
      expect(rows[index]).toHaveLength(width);
      values.push((await plain.embed(sequence))[0]!);
    }
    await plain.close();
    expect(meanOf(values)).toBeCloseTo(0, 3);
    expect(meanOf(values.map((value) => value ** 2))).toBeCloseTo(1, 2);
  });

  it("is the letters alone as one_hot, and no compartment", async () => {
    const { rows, width: letters } = await embed("one_hot", ["MKM"]);
    expect(letters).toBe(33);
    const [row] = rows;
    expect(row).toHaveLength(5 * 33);
    const at = (token: number) => row!.slice(token * 33, (token + 1) * 33);
    expect(at(1)).toEqual(at(3));
    expect(at(1).reduce((count, value, i) => count + Number(Math.abs(value - at(2)[i]!) > 1e-6), 0)).toBe(2);
    expect([...(await measure(0, "one_hot")).weights.keys()]).toEqual([
      "residues.mean",
      "residues.deviation",
    ]);
  });

  it("is random numbers of the protein's own as random", async () => {
    const { rows, width: numbers } = await embed("random", ["MKT", "MKT", "MKS"]);
    expect(numbers).toBe(width);
    expect(rows[0]).toHaveLength(width);
    expect(rows[1]).toEqual(rows[0]);
    expect(rows[2]).not.toEqual(rows[0]);
  });
});
