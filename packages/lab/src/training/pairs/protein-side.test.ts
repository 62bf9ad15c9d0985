import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { float32, type Runtime } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { readSafetensors, toFloat32, writeSafetensors } from "@proteoscope/formats";
import { type LoadedHomologs, saveSequenceCondition } from "@proteoscope/models";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { imageCompartments } from "../../data/atlas/compartments.ts";
import { homologsOf } from "../../data/atlas/homologs.ts";
import { readSequences } from "../../data/atlas/sequences.ts";
import { writeAtlas } from "../../testing/atlas-fixture.ts";
import { writeFeatureHead, writeSequenceModel } from "../../testing/finished-networks.ts";
import { openProteinSide } from "./protein-side.ts";

let runtime: Runtime;
let folder: string;
let atlas: Awaited<ReturnType<typeof writeAtlas>>;
let plm: string;
beforeAll(async () => {
  runtime = await openRuntime();
  folder = await mkdtemp(join(tmpdir(), "protein-side-"));
  atlas = await writeAtlas();
  plm = await writeSequenceModel(join(folder, "plm"));
});
afterAll(async () => {
  await runtime.close();
  await rm(folder, { recursive: true });
  await atlas.remove();
});

async function conditionOf(startFrom: string | undefined, seed: number) {
  const proteins = (await readSequences(atlas.path)).get("train")!.filter(({ isHuman }) => isHuman);
  const side = await openProteinSide(runtime, proteins, {
    plm,
    startFrom,
    pairingInverseTemperature: 1,
    seed,
  });
  await side.embedder.close();
  return side.condition;
}

/** A model folder of an earlier run that stood on `change`d localization weights. */
async function earlierRun(name: string, seed: number, change: (value: number) => number): Promise<string> {
  const path = await writeSequenceModel(join(folder, name));
  const file = join(path, "localization/model.safetensors");
  const { tensors } = readSafetensors(await readFile(file));
  const changed = [...tensors].map(
    ([key, value]) => [key, float32(value.shape, toFloat32(value).map(change))] as const,
  );
  await writeFile(file, writeSafetensors(new Map(changed)));
  for (const [key, bytes] of saveSequenceCondition(await conditionOf(undefined, seed))) {
    await mkdir(dirname(join(path, key)), { recursive: true });
    await writeFile(join(path, key), bytes);
  }
  return path;
}

describe("openProteinSide", () => {
  it("reports how many proteins it has read", async () => {
    const proteins = (await readSequences(atlas.path)).get("train")!.slice(0, 3);
    const said: (readonly [number, number])[] = [];
    const { embedder } = await openProteinSide(runtime, proteins, {
      ...{ plm, startFrom: undefined, pairingInverseTemperature: 1, seed: 0 },
      onRead: (count, total) => said.push([count, total]),
    });
    await embedder.close();
    expect(said).toEqual([
      [1, 3],
      [2, 3],
      [3, 3],
    ]);
  });

  it("adds the annotations of homologs, but not a protein's own", async () => {
    const proteins = (await readSequences(atlas.path)).get("train")!.slice(0, 4);
    const compartmentsOf = async (homologs?: LoadedHomologs) => {
      const side = await openProteinSide(runtime, proteins, {
        ...{ plm, startFrom: undefined, pairingInverseTemperature: 1, seed: 0, homologs },
      });
      await side.embedder.close();
      return side.condition.weights.get("compartments.mean")!.data;
    };
    const alone = await compartmentsOf();
    const inFamilies = proteins.map((protein) => ({ ...protein, sequence: `${protein.sequence}WWHHWWHH` }));
    expect(await compartmentsOf(homologsOf(inFamilies))).not.toEqual(alone);
    expect(await compartmentsOf(homologsOf(proteins))).toEqual(alone);
  });

  it("uses the condition of an earlier run on the same language model again", async () => {
    const earlier = await earlierRun("same", 1, (value) => value);
    const [first, resumed] = [await conditionOf(undefined, 1), await conditionOf(earlier, 2)];
    expect(resumed.weights.get("compartments.directions")!.data).toEqual(
      first.weights.get("compartments.directions")!.data,
    );
    const other = await conditionOf(undefined, 2);
    expect(resumed.weights.get("compartments.directions")!.data).not.toEqual(
      other.weights.get("compartments.directions")!.data,
    );
  });

  it("measures the prototype of each compartment for a target, also with the condition of an earlier run", async () => {
    const proteins = (await readSequences(atlas.path)).get("train")!.slice(0, 5);
    const targeted = async (startFrom: string | undefined, targetInverseTemperature?: number) => {
      const side = await openProteinSide(runtime, proteins, {
        ...{ plm, startFrom, pairingInverseTemperature: 1, seed: 3 },
        ...(targetInverseTemperature !== undefined && { targetInverseTemperature }),
      });
      await side.embedder.embed(proteins[0]!.sequence);
      await side.embedder.close();
      return side.condition;
    };
    const anew = await targeted(undefined, 6);
    expect(anew.target).toEqual({ compartments: imageCompartments, inverseTemperature: 6 });
    const prototypes = anew.weights.get("compartments.prototypes")!;
    expect(prototypes.shape).toEqual([imageCompartments.length, 13]);
    // With fewer proteins than a prototype takes, it is the mean of all.
    const mean = anew.weights.get("compartments.mean")!;
    for (let i = 0; i < 13; i++) expect(prototypes.data[i]).toBeCloseTo(Number(mean.data[i]), 4);

    const earlier = await earlierRun("prototypes", 1, (value) => value);
    const path = join(earlier, "condition/model.safetensors");
    const stored = readSafetensors(await readFile(path)).tensors;
    for (const [key, bytes] of saveSequenceCondition({
      ...anew,
      weights: new Map([
        ...stored,
        ["compartments.prototypes", float32(prototypes.shape, new Float32Array(prototypes.data.length))],
      ]),
    }))
      await writeFile(join(earlier, key), bytes);
    const again = await targeted(earlier, 4);
    expect(again.target!.inverseTemperature).toBe(4);
    expect(again.weights.get("compartments.prototypes")).toEqual(prototypes);
    expect(again.weights.get("compartments.directions")!.data).toEqual(
      toFloat32(stored.get("compartments.directions")!),
    );
    const untargeted = await targeted(earlier);
    expect(untargeted.target).toBeUndefined();
    expect(untargeted.weights.has("compartments.prototypes")).toBe(false);
  });

  it("measures it anew with another head on sequence features, and uses it again with the same one or none", async () => {
    const proteins = (await readSequences(atlas.path)).get("train")!.slice(0, 5);
    const meanOn = async (plm: string, startFrom?: string) => {
      const options = { plm, startFrom, pairingInverseTemperature: 1, seed: 1 };
      const { embedder, condition } = await openProteinSide(runtime, proteins, options);
      await embedder.close();
      return condition.weights.get("compartments.mean")!.data;
    };
    const stored = (await conditionOf(undefined, 1)).weights.get("compartments.mean")!.data; // of more proteins
    const withSequenceFeatures = async (path: string, seed: number) =>
      seed === 0 ? path : await writeFeatureHead(path, seed);
    for (const [before, now] of [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
      [2, 1],
    ] as const) {
      const name = `${before}-${now}`;
      const earlier = await withSequenceFeatures(
        await earlierRun(`earlier-${name}`, 1, (value) => value),
        before,
      );
      const reader = await withSequenceFeatures(await writeSequenceModel(join(folder, `now-${name}`)), now);
      const expected = before === now ? stored : await meanOn(reader);
      expect(await meanOn(reader, earlier), name).toEqual(expected);
      expect(expected, name).not.toEqual(before === now ? await meanOn(reader) : stored);
    }
  });

  it("measures it anew on another head, along the directions that were learned", async () => {
    const earlier = await earlierRun("other", 1, (value) => 3 * value);
    const stored = readSafetensors(await readFile(join(earlier, "condition/model.safetensors"))).tensors;
    stored.set("compartments.mean", float32([13], new Float32Array(13).fill(99)));
    await writeFile(join(earlier, "condition/model.safetensors"), writeSafetensors(stored));
    const [first, anew] = [await conditionOf(undefined, 1), await conditionOf(earlier, 2)];
    for (const name of ["compartments.mean", "residues.deviation", "compartments.directions"])
      expect(anew.weights.get(name)!.data, name).toEqual(first.weights.get(name)!.data);
  });
});
