import {
  compile,
  f32,
  float32,
  type InputTypes,
  initializeWeights,
  type Runtime,
  trace,
} from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { memoryFolder } from "../checkpoints/file-source.ts";
import { extraTypes, loadExtraConditions, saveExtraConditions } from "./context-checkpoint.ts";
import { addExtraTokens, type ExtraConditions, extraTokens, extraValues } from "./context-tokens.ts";

const extra: ExtraConditions = {
  config: {
    tokenWidth: 3,
    conditions: [
      { kind: "table", name: "text", genes: ["FBL", "TOMM20"], width: 2 },
      { kind: "level", name: "expression", genes: ["FBL"], mean: 10, deviation: 4 },
      { kind: "cell_line", name: "cell_line", cellLines: ["HEK293T", "U2OS"] },
    ],
  },
  tables: new Map([
    ["text", float32([2, 2], Float32Array.of(1, 2, 3, 4))],
    ["expression", float32([1, 1], Float32Array.of(0.5))],
  ]),
};
const { config } = extra;
const declared = trace((w, vectors) => ({ y: extraTokens(w, config, vectors) }), extraTypes(config, 1));
const weights = initializeWeights(declared.parameters, 3);

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
});
afterAll(() => runtime.close());

describe("the conditions of a denoiser other than the sequence", () => {
  it("is looked up by gene in any case, and not known where a table has no such gene", () => {
    const known = extraValues(extra, { gene: "tomm20", cellLine: "u2os" });
    expect([...known]).toEqual([
      ["text", Float32Array.of(3, 4)],
      ["expression", undefined],
      ["cell_line", Float32Array.of(0, 1)],
    ]);
    expect([...extraValues(extra, {}).values()]).toEqual([undefined, undefined, undefined]);
  });

  it("takes a level that is given before that of the table, in units of the table's deviation", () => {
    expect(extraValues(extra, { gene: "FBL" }).get("expression")).toEqual(Float32Array.of(0.5));
    expect(extraValues(extra, { gene: "FBL", expression: 18 }).get("expression")).toEqual(Float32Array.of(2));
  });

  it("refuses a cell line that it has not seen, and names those that it has", () => {
    expect(() => extraValues(extra, { cellLine: "HeLa" })).toThrow(/"HeLa".*HEK293T, U2OS/);
  });

  it("become tokens in their rows, and none where they are unknown", async () => {
    const types: InputTypes & Record<"sequence" | "places", InputTypes[string]> = {
      ...{ sequence: f32(2, "tokens", 3), places: f32(2, "tokens", 3) },
      ...extraTypes(config, 2),
    };
    const program = await compile(
      runtime,
      (w, { sequence, places, ...vectors }) => ({
        y: addExtraTokens(w, config, sequence, { places, ...vectors }),
      }),
      types,
      { weights },
    );
    // The first sample has a residue, its text and its cell line; the second a residue.
    const { y } = await program.run({
      sequence: float32([2, 3, 3], Float32Array.of(7, 7, 7, 0, 0, 0, 0, 0, 0, 8, 8, 8, 0, 0, 0, 0, 0, 0)),
      places: float32([2, 3, 3], Float32Array.of(0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0)),
      text: float32([2, 2], Float32Array.of(1, 2, 0, 0)),
      expression: float32([2, 1], new Float32Array(2)),
      cell_line: float32([2, 2], Float32Array.of(0, 1, 0, 0)),
    });
    await program.close();
    const numbers = [...(y.data as Float32Array)];
    const numbersOf = (name: string) => weights.get(name)!.data as Float32Array;
    const cellLine = [0, 1, 2].map(
      (row) => numbersOf("cell_line.weight")[2 * row + 1]! + numbersOf("cell_line.bias")[row]!,
    );
    expect(numbers.slice(0, 3)).toEqual([7, 7, 7]);
    for (const row of [0, 1, 2]) expect(numbers[6 + row]).toBeCloseTo(cellLine[row]!, 5);
    expect(numbers.slice(3, 6).every((value) => value !== 0)).toBe(true);
    expect(numbers.slice(9)).toEqual([8, 8, 8, 0, 0, 0, 0, 0, 0]);
  });
});

describe("extra/ of a model folder", () => {
  const files = saveExtraConditions({ ...extra, weights });

  it("comes back as it was written", async () => {
    const loaded = await loadExtraConditions(memoryFolder(files, "model"));
    expect(loaded!.config).toEqual(config);
    expect(loaded!.tables).toEqual(extra.tables);
    expect([...loaded!.weights].sort()).toEqual([...weights].sort());
    expect(await loadExtraConditions(memoryFolder(new Map(), "model"))).toBeUndefined();
  });

  it.each([
    ["a table of another length", "genes", ["FBL"], /extra\/tables\.safetensors: text is \[2,2\].*\[1,2\]/],
    ["a name that is none", "name", "Te xt", /conditions\.0\.name/],
    ["a layer of another width", "width", 5, /text\.weight/],
  ])("is refused where it has %s", async (_, field, value, message) => {
    const json = JSON.parse(new TextDecoder().decode(files.get("extra/config.json")));
    json.conditions[0][field] = value;
    const changed = new Map(files).set("extra/config.json", new TextEncoder().encode(JSON.stringify(json)));
    await expect(loadExtraConditions(memoryFolder(changed, "model"))).rejects.toThrow(message);
  });
});
