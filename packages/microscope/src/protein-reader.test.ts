import type { Runtime } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { memoryFolder } from "@proteoscope/models";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openProteinReader } from "./protein-reader.ts";
import { readSequenceModel } from "./read-model.ts";
import { randomModelFiles, tinyShape } from "./testing/tiny-model.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
});
afterAll(() => runtime.close());

const known = "MKRPAATKKAGQAKKKKLDK";
const files = randomModelFiles({ ...tinyShape, relative: known });

async function read(sequence: string, model: ReadonlyMap<string, Uint8Array>) {
  const reader = await openProteinReader(
    runtime,
    await readSequenceModel(memoryFolder(new Map(model), "tiny")),
  );
  const protein = await reader.read(sequence);
  await reader.close();
  return protein;
}

describe("a reader with annotated proteins", () => {
  it("answers for a protein that is known as its annotation says", async () => {
    const [alone, told] = [await read(known, randomModelFiles()), await read(known, files)];
    expect([alone.nearestRelative, told.nearestRelative]).toEqual([undefined, expect.closeTo(1, 9)]);
    expect(told.answer.golgi_apparatus).toBeGreaterThan(alone.answer.golgi_apparatus!);
    expect(told.answer.golgi_apparatus).toBeGreaterThan(0.9);
    expect(told.compartments.nucleus).toBeLessThan(alone.compartments.nucleus!);
  });

  it("says nothing new of a protein without relatives", async () => {
    const strange = "WWHWWHHWWHHHWWHHHH";
    const [alone, told] = [await read(strange, randomModelFiles()), await read(strange, files)];
    expect(told.nearestRelative).toBe(0);
    expect(told.logits).toEqual(alone.logits);
    expect(told.condition).toEqual(alone.condition);
  });

  it("reads a sequence by itself whole, beyond what the language model is shown", async () => {
    const long = `${"W".repeat(40)}${known}${"W".repeat(40)}`;
    const { window, nearestRelative } = await read(long, files);
    expect(window.sequence.length).toBeLessThan(long.length);
    expect(nearestRelative).toBeGreaterThan(0.5);
  });
});

describe("a model whose annotated proteins", () => {
  it("have other labels than its head is refused", async () => {
    const path = "relatives/config.json";
    const json = { ...JSON.parse(new TextDecoder().decode(files.get(path))), labels: ["nucleus"] };
    const changed = new Map(files).set(path, new TextEncoder().encode(JSON.stringify(json)));
    await expect(read(known, changed)).rejects.toThrow(
      "tiny/relatives/config.json: labels: nucleus where localization/config.json says nucleus,cytosol,golgi_apparatus",
    );
  });
});
