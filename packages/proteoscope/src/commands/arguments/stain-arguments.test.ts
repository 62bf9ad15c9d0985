import { readFileSync } from "node:fs";
import { join } from "node:path";
import { randomModelFiles, tinyShape } from "@proteoscope/microscope/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  createWorkplace,
  fieldOfNuclei,
  runWords,
  tiffOf,
  type Workplace,
} from "../../testing/model-folder.ts";
import { parseStains } from "./stain-arguments.ts";

describe("--stain", () => {
  it("names pictures, channels of them, and channels of the picture of nuclei", () => {
    expect(parseStains("er=a,b.tif,microtubules=#Tubulin", "dapi.tif")).toEqual([
      { stain: "er", path: "a,b.tif", channel: undefined },
      { stain: "microtubules", path: "dapi.tif", channel: "Tubulin" },
    ]);
    expect(parseStains("er=a.tif#2", "dapi.tif")).toEqual([{ stain: "er", path: "a.tif", channel: 2 }]);
    expect(parseStains(undefined, undefined)).toEqual([]);
  });

  it.each([
    ["golgi=a.tif", "d.tif", /stains are er, microtubules/],
    ["er", "d.tif", /"er" is no stain with its picture/],
    ["er=", "d.tif", /"er=" is no stain/],
    ["er=a.tif,er=b.tif", "d.tif", /er is given twice/],
    ["er=a.tif", undefined, /give it with --nucleus/],
  ])("is refused as %s", (text, nucleus, message) => {
    expect(() => parseStains(text, nucleus)).toThrow(message);
  });
});

describe("generate --stain", () => {
  let place: Workplace;
  let plain: Workplace;
  beforeAll(() => {
    const constants = { ...tinyShape.constants, stains: ["er", "microtubules"] as const };
    place = createWorkplace(
      randomModelFiles({ ...tinyShape, constants, unet: { ...tinyShape.unet, inChannels: 15 } }),
    );
    plain = createWorkplace();
    for (const { file } of [place, plain]) {
      file("dapi.tif", tiffOf(fieldOfNuclei([{ x: 50, y: 40 }])));
      file("er.tif", tiffOf(fieldOfNuclei([{ x: 40, y: 40 }])));
    }
  });
  afterAll(() => [place, plain].forEach((one) => void one.remove()));

  const run = ({ path, model }: Workplace, name: string, ...words: string[]) =>
    runWords([
      ...["generate", "FBL", "--model", model, "--nucleus", join(path, "dapi.tif"), "--samples", "1"],
      ...["--steps", "2", "--format", "npy", "-o", join(path, name), ...words],
    ]);

  it("may be given several times, changes the picture, and is in the provenance", async () => {
    const er = join(place.path, "er.tif");
    const with_ = await run(place, "with", "--stain", `er=${er}`, "--stain", `microtubules=${er}`);
    expect([with_.exitCode, with_.stderr]).toEqual([0, expect.anything()]);
    expect((await run(place, "without")).exitCode).toBe(0);
    const read = (name: string, file: string) => readFileSync(join(place.path, name, file));
    expect(read("with", "FBL_synthetic.npy")).not.toEqual(read("without", "FBL_synthetic.npy"));
    const { nucleus } = JSON.parse(String(read("with", "FBL_provenance.json")));
    expect(nucleus.stains).toMatchObject({ er: { image: "er.tif" }, microtubules: { image: "er.tif" } });
  });

  it("ends with exit code 2 for a model without further stains", async () => {
    const { exitCode, stderr } = await run(plain, "o", "--stain", `er=${join(plain.path, "er.tif")}`);
    expect([exitCode, stderr]).toEqual([
      2,
      expect.stringMatching(/trained without further stains.*\(--stain\)/),
    ]);
  });
});
