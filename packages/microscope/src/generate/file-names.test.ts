import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { uniqueFileNames } from "./file-names.ts";

const megabyte = "p".repeat(1_000_000);
const isSafe = (name: string) => /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}$/.test(name);

describe("uniqueFileNames", () => {
  it("leaves what is fit for a file as it is, and replaces what is not", () => {
    expect(
      uniqueFileNames(["FBL", "sp|P22087|FBRL_HUMAN", "β/actin", "../../etc/passwd", "...", ""]),
    ).toEqual(["FBL", "sp_P22087_FBRL_HUMAN", "_actin", "_.._etc_passwd", "protein", "protein-2"]);
  });

  it("keeps names apart that differ in letter case alone or look like numbered ones", () => {
    expect(uniqueFileNames(["fbl", "FBL", "a", "a-2", "a"])).toEqual(["fbl", "FBL-2", "a", "a-2", "a-3"]);
  });

  it("keeps names apart that differ in what is replaced, in their order", () => {
    expect(uniqueFileNames(["TP53:R175H", "TP53_R175H"])).toEqual(["TP53_R175H", "TP53_R175H-2"]);
    expect(uniqueFileNames(["TP53_R175H", "TP53:R175H"])).toEqual(["TP53_R175H", "TP53_R175H-2"]);
  });

  it("keeps long names apart that differ behind what is cut off", () => {
    const long = "x".repeat(200);
    const names = uniqueFileNames([`${long}a`, `${long}b`, `${long}c`]);
    expect(new Set(names).size).toBe(3);
    expect(names.map((name) => name.length)).toEqual([80, 74, 74]);
  });

  it("makes no name of a device of Windows, and none that ends as files of a cell do", () => {
    expect(uniqueFileNames(["CON", "nul.fasta", "COM1", "CONSTANS"])).toEqual([
      "CON_",
      "nul_.fasta",
      "COM1_",
      "CONSTANS",
    ]);
    expect(uniqueFileNames(["A_sample0", "A_nucleus12_x", "A_sample"])).toEqual([
      "A-sample0",
      "A-nucleus12_x",
      "A_sample",
    ]);
  });

  it("gives safe names that are apart in any case of letters, for any ids", () => {
    const ids = fc.oneof(
      fc.constantFrom("a", "A", "a-2", "a-3", "A-2", "x".repeat(90), `${"x".repeat(90)}y`, "CON", "con"),
      fc.string({ unit: "binary", maxLength: 100 }),
    );
    fc.assert(
      fc.property(fc.array(ids, { maxLength: 30 }), (list) => {
        const names = uniqueFileNames(list);
        expect(names.every(isSafe)).toBe(true);
        expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(list.length);
      }),
    );
  });

  it.each<[string, (index: number) => string]>([
    ["of one name", () => "p"],
    ["of one name, some numbered already", (index) => (index % 2 === 0 ? `p-${index / 2 + 2}` : "p")],
    ["that differ behind what is cut off", (index) => `${"p".repeat(200)}${index}`],
    ["that differ at the cut", (index) => `${"p".repeat(75)}${String(index % 100).padStart(5, "0")}`],
    ["of a megabyte", () => megabyte],
  ])("names 20,000 records %s in under half a second", (_, idOf) => {
    const ids = Array.from({ length: 20_000 }, (_, index) => idOf(index));
    const start = process.cpuUsage();
    expect(new Set(uniqueFileNames(ids)).size).toBe(20_000);
    const { user, system } = process.cpuUsage(start);
    expect((user + system) / 1000).toBeLessThan(500);
  });
});
