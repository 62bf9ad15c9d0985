import { type NdArray, readSafetensors, writeSafetensors } from "@proteoscope/formats";
import { describe, expect, it } from "vitest";
import { memoryFolder } from "../checkpoints/file-source.ts";
import { homologDefaults } from "./homologs.ts";
import { keepHomologs, loadHomologs, saveHomologs } from "./homologs-checkpoint.ts";

const labels = ["nucleus", "Golgi"];
const homologs = {
  config: { ...homologDefaults, labels },
  proteins: {
    sequences: new TextEncoder().encode("MKTAYMLLL"),
    ends: Int32Array.of(5, 9),
    shares: Float32Array.of(1, 0, 0.25, 0.75),
  },
  sources: [
    { key: "graded", title: "Graded", unresolved: [] },
    { key: "coarse", title: "Coarse", unresolved: [{ name: "whole", members: ["nucleus", "Golgi"] }] },
  ],
  annotations: [
    {
      ...{ accession: "P1", gene: "ONE", organism: "human", source: "graded" },
      compartments: [
        { name: "nucleus", grade: 3 },
        { name: "Golgi", grade: 1 },
      ],
    },
    {
      ...{ accession: "P2", gene: "", organism: "", source: "coarse" },
      compartments: [{ name: "whole", grade: null }],
    },
  ],
};
const files = saveHomologs(homologs);
const load = (changed: ReadonlyMap<string, Uint8Array>) =>
  loadHomologs(memoryFolder(new Map(changed), "model"), labels);

describe("homologs/ of a model folder", () => {
  it("comes back as it was written, shares of half precision too", async () => {
    expect(await load(files)).toEqual(homologs);
    const path = "homologs/proteins.safetensors";
    const { tensors } = readSafetensors(files.get(path)!);
    tensors.set("shares", {
      dtype: "float16",
      shape: [2, 2],
      data: Uint16Array.of(0x3c00, 0, 0x3400, 0x3a00),
    });
    expect(await load(new Map(files).set(path, writeSafetensors(tensors)))).toEqual(homologs);
  });

  it("may be missing", async () => {
    expect(await load(new Map())).toBeUndefined();
  });

  it("may be without annotations, as earlier versions wrote it", async () => {
    const { sources, annotations, ...bare } = homologs;
    const earlier = saveHomologs({ ...bare, sources: [], annotations: [] });
    expect([...earlier.keys()]).toEqual(["homologs/config.json", "homologs/proteins.safetensors"]);
    const path = "homologs/config.json";
    const { sources: _, ...json } = JSON.parse(new TextDecoder().decode(earlier.get(path)));
    earlier.set(path, new TextEncoder().encode(JSON.stringify(json)));
    expect(await load(earlier)).toMatchObject({ ...bare, sources: [], annotations: [] });
  });

  it("goes on with the proteins that the model was not trained on", async () => {
    const tables = ["seen", "unseen"].map((name) => {
      const sequences = new TextEncoder().encode(name === "seen" ? "MKTAY" : "MLLL");
      const shares = name === "seen" ? [1, 0] : [0.25, 0.75];
      return writeSafetensors(
        new Map<string, NdArray>([
          ["sequences", { dtype: "uint8", shape: [sequences.length], data: sequences }],
          ["ends", { dtype: "int32", shape: [1], data: Int32Array.of(sequences.length) }],
          ["shares", { dtype: "float32", shape: [1, 2], data: Float32Array.from(shares) }],
        ]),
      );
    });
    const divided = new Map([
      ...files,
      ["homologs/proteins.safetensors", tables[0]!] as const,
      ["homologs/unseen.safetensors", tables[1]!] as const,
    ]);
    expect(await load(divided)).toEqual(homologs);
  });

  it.each([
    ["a row too few", /\nP2.*\n/, "\n", "1 rows for 2 proteins"],
    ["another header", /^accession\t/, "", "the header is not accession"],
    ["a cell too few", /\t\tcoarse/, "\tcoarse", "a row has not five cells (line 3)"],
    ["no grade", /nucleus:3/, "nucleus:three", '"three" is no grade (line 2)'],
    ["an unknown source", /coarse/, "other", '"other" is no source of config.json'],
  ])("is refused with %s in annotations.tsv", async (_, found, replacement, message) => {
    const path = "homologs/annotations.tsv";
    const text = new TextDecoder().decode(files.get(path));
    expect(text).toMatch(found);
    const changed = new TextEncoder().encode(text.replace(found, replacement));
    await expect(load(new Map(files).set(path, changed))).rejects.toThrow(message);
  });

  it("keeps the proteins that are chosen, with their annotations", () => {
    const kept = keepHomologs(homologs, (sequence) => sequence === "MLLL")!;
    expect(new TextDecoder().decode(kept.proteins.sequences)).toBe("MLLL");
    expect([...kept.proteins.ends]).toEqual([4]);
    expect([...kept.proteins.shares]).toEqual([0.25, 0.75]);
    expect(kept.annotations).toEqual([homologs.annotations[1]]);
    expect(keepHomologs(homologs, () => true)).toEqual(homologs);
    expect(keepHomologs(homologs, () => false)).toBeUndefined();
  });

  it.each([
    [
      "labels that are not the head's",
      { labels: ["Golgi", "nucleus"] },
      /labels: Golgi,nucleus where .*nucleus,Golgi/,
    ],
    ["k-mers of another length", { kmer_length: 4 }, /kmer_length is 4, only 5 is supported/],
    ["no neighbours", { neighbours: 0 }, /neighbours/],
    ["boundless trust", { trust: 1 }, /trust/],
  ])("is refused with %s", async (_, fields, message) => {
    const path = "homologs/config.json";
    const json = { ...JSON.parse(new TextDecoder().decode(files.get(path))), ...fields };
    const changed = new Map(files).set(path, new TextEncoder().encode(JSON.stringify(json)));
    await expect(load(changed)).rejects.toMatchObject({
      name: "CheckpointError",
      message: expect.stringMatching(message),
    });
  });

  const int32 = (...values: number[]): NdArray => ({
    ...{ dtype: "int32", shape: [values.length] },
    data: Int32Array.from(values),
  });
  const shares = (shape: number[], ...values: number[]): NdArray => ({
    ...{ dtype: "float32", shape },
    data: Float32Array.from(values),
  });
  it.each([
    ["no sequences", "sequences", undefined, /sequences is missing where uint8 of rank 1 fits/],
    ["ends of another kind", "ends", shares([2], 5, 9), /ends is float32 \[2\] where int32/],
    ["ends that fall", "ends", int32(9, 5), /ends does not rise/],
    ["ends before the first residue", "ends", int32(-1, 9), /ends does not rise/],
    ["ends beyond the residues", "ends", int32(5, 12), /ends does not rise to the 9 residues/],
    [
      "shares of fewer proteins",
      "shares",
      shares([1, 2], 1, 0),
      /shares is \[1,2\], ends and labels say \[2,2\]/,
    ],
    ["shares above 1", "shares", shares([2, 2], 1, 0, 3, 0), /shares holds numbers outside 0 to 1/],
    ["shares that are no numbers", "shares", shares([2, 2], 1, 0, Number.NaN, 0), /outside 0 to 1/],
    ["shares of nothing", "shares", shares([2, 2], 0, 0, 0, 0), /no label of any protein/],
  ])("is refused with %s", async (_, name, value, message) => {
    const path = "homologs/proteins.safetensors";
    const { tensors } = readSafetensors(files.get(path)!);
    if (value === undefined) tensors.delete(name);
    else tensors.set(name, value);
    const changed = new Map(files).set(path, writeSafetensors(tensors));
    await expect(load(changed)).rejects.toMatchObject({
      name: "CheckpointError",
      message: expect.stringMatching(message),
    });
  });

  it("is refused where it is cut short, by its name", async () => {
    const path = "homologs/proteins.safetensors";
    const changed = new Map(files).set(path, files.get(path)!.slice(0, -3));
    await expect(load(changed)).rejects.toThrow(`model/${path}: `);
  });
});
