import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeNpy } from "@proteoscope/formats";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type DataSetDescription, describeSet } from "./description.ts";
import { openRealCrops } from "./real-crops.ts";

let folder: string;
const table = (file: string) => ({ file, source: "test" });
const description: DataSetDescription = {
  ...{ name: "own", madeBy: "hand", source: "own images", licence: "CC BY 4.0", pixelSizeMicrons: 0.2 },
  ...{ channels: ["nucleus", "nuclear_mask", "protein"], normalisation: "none", crops: "crops.npy" },
  tables: {
    ...{ crops: table("crops.csv"), fields: table("fields.csv") },
    ...{ proteins: table("proteins.csv"), splits: table("splits.csv") },
  },
  split: "standard",
};
const put = (name: string, text: string | Uint8Array) => writeFile(join(folder, name), text);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "real-crops-"));
  await put("dataset.json", describeSet(description));
  const rows = [
    "index,field,protein,compartments,quality,blend,dna_stain",
    "0,f1,P,nucleolus:1,0.5,,",
    "1,f1,P,nucleolus:1,0.9,,",
    "2,f2,Q,nucleolus:0.7;cytoplasm:0.3,0.4,,",
    "3,f2,Q,Golgi:1,1,,",
    "4,f1,P,nucleolus:1,1,1,", // two cells
    "5,f3,P,nucleolus:1,1,,", // simulated
    "6,f1,P,nucleolus:1,1,,0", // its nucleus was made from the protein
  ];
  await put("crops.csv", `${rows.join("\n")}\n`);
  await put("fields.csv", "field,source,licence,cell_line\nf1,,,U2OS\nf2,theirs,CC0,\nf3,simulated,MIT,\n");
  await put("proteins.csv", "protein,gene\nP,FBL\nQ,NPM1\n");
  await put(
    "splits.csv",
    "kind,id,standard\nprotein,P,train\nprotein,Q,train\nfield,f1,train\nfield,f2,test\nfield,f3,train\n",
  );
  const data = Uint8Array.from({ length: 7 * 3 * 4 }, (_, at) => at);
  await put("crops.npy", writeNpy({ dtype: "uint8", shape: [7, 3, 2, 2], data }));
});
afterEach(() => rm(folder, { recursive: true }));

describe("the recorded crops of a data set", () => {
  it("are of different proteins first, the best of each, with source and licence", async () => {
    const { total, crops } = await (await openRealCrops(folder)).find("nucleolus", 6);
    expect(total).toBe(3);
    expect(crops.map(({ gene, field }) => [gene, field])).toEqual([
      ["FBL", "f1"],
      ["NPM1", "f2"],
      ["FBL", "f1"],
    ]);
    expect(crops[0]).toMatchObject({
      ...{ cellLine: "U2OS", source: "own images", licence: "CC BY 4.0", pixelSizeMicrons: 0.2 },
      ...{ height: 2, width: 2, compartments: ["nucleolus"] },
    });
    expect(crops[1]).toMatchObject({ source: "theirs", licence: "CC0", cellLine: null });
    // The better of FBL's is crop 1, whose planes are nucleus, mask and protein.
    expect([...crops[0]!.nucleus]).toEqual([12, 13, 14, 15]);
    expect([...crops[0]!.protein]).toEqual([20, 21, 22, 23]);
  });

  it("are as many as asked for, and none of a compartment that there is not", async () => {
    const { find, name } = await openRealCrops(folder);
    expect(name).toBe("own");
    expect((await find("nucleolus", 1)).crops).toHaveLength(1);
    expect(await find("centrosome", 6)).toEqual({ total: 0, crops: [] });
  });

  it("are none where nothing says under which licence they stand", async () => {
    await put("dataset.json", describeSet({ ...description, licence: "" }));
    const { crops } = await (await openRealCrops(folder)).find("nucleolus", 6);
    expect(crops.map(({ licence }) => licence)).toEqual(["CC0"]);
  });
});
