import { type NdArray, writeSafetensors } from "@proteoscope/formats";
import { describe, expect, it } from "vitest";
import { memoryFolder } from "../checkpoints/file-source.ts";
import { homologDefaults } from "./homologs.ts";
import { saveHomologs } from "./homologs-checkpoint.ts";
import { isTrainedOn } from "./training-membership.ts";

const table = (sequence: string) =>
  writeSafetensors(
    new Map<string, NdArray>([
      ["sequences", { dtype: "uint8", shape: [sequence.length], data: new TextEncoder().encode(sequence) }],
      ["ends", { dtype: "int32", shape: [1], data: Int32Array.of(sequence.length) }],
      ["shares", { dtype: "float32", shape: [1, 2], data: Float32Array.of(1, 0) }],
    ]),
  );
const annotation = (accession: string, gene: string) => ({
  ...{ accession, gene, organism: "human", source: "s", compartments: [] },
});
const files = new Map([
  ...saveHomologs({
    config: { ...homologDefaults, labels: ["a", "b"] },
    proteins: {
      sequences: new TextEncoder().encode("MKTAYMLLL"),
      ends: Int32Array.of(5, 9),
      shares: Float32Array.of(1, 0, 1, 0),
    },
    sources: [{ key: "s", title: "Source", unresolved: [] }],
    annotations: [annotation("P1", "SEEN"), annotation("P2", "NEVER")],
  }),
  ["homologs/proteins.safetensors", table("MKTAY")] as const,
  ["homologs/unseen.safetensors", table("MLLL")] as const,
]);

describe("isTrainedOn", () => {
  it.each([
    ["seen", true],
    ["P1", true],
    ["NEVER", false],
    ["p2", false],
    ["OTHER", undefined],
    ["", undefined],
  ])("says of %j: %s", async (name, expected) => {
    expect(await isTrainedOn(memoryFolder(files), name)).toBe(expected);
  });

  it("says nothing for a model without tables", async () => {
    expect(await isTrainedOn(memoryFolder(new Map()), "P1")).toBeUndefined();
  });
});
