import type { Runtime } from "@proteoscope/engine";
import { openRuntime } from "@proteoscope/engine/node";
import { openImage, readCsv, readPng, writeOmeTiff } from "@proteoscope/formats";
import { fieldOfDiscs } from "@proteoscope/imaging/testing";
import { memoryFolder } from "@proteoscope/models";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { generate } from "../generate/generate.ts";
import { chooseWholeNuclei, fieldOfImage, type NucleusField } from "../generate/nuclei.ts";
import { type Microscope, openMicroscope } from "../image/generate.ts";
import { readModel } from "../model/read-model.ts";
import { randomModelFiles, tinyShape } from "../testing/tiny-model.ts";
import { encodeField } from "./encode-field.ts";
import { type FieldEvent, type FieldRequest, type GeneratedField, generateFields } from "./generate-field.ts";

// Ten whole nuclei and one that the frame cuts, of 14 pixels of one micron.
const size = { height: 70, width: 130 };
const centres = [0, 1, 2, 3, 4].flatMap((i) => [
  { x: 14 + 24 * i, y: 18 },
  { x: 14 + 24 * i, y: 48 },
]);
const discs = [...centres, { x: 129, y: 35 }].map((centre) => ({ ...centre, radius: 7, brightness: 900 }));
const quick = { samples: 1, steps: 2, seed: 5 };
const protein = { id: "FBL", sequence: "MKTAYIAKQRQISFVK" };

let runtime: Runtime;
let microscope: Microscope;
let field: NucleusField;
beforeAll(async () => {
  runtime = await openRuntime({ device: "cpu", threads: 1 });
  microscope = openMicroscope(runtime, await readModel(memoryFolder(randomModelFiles())));
  const data = { dtype: "float32", shape: [1, 70, 130], data: fieldOfDiscs(size, discs) } as const;
  const stack = await openImage(writeOmeTiff({ data, channelNames: ["DAPI"], pixelSizeMicrons: 1 }));
  field = await fieldOfImage(stack, { image: "field.tif", sha256: () => "0123" }, tinyShape.constants);
});
afterAll(async () => {
  await microscope.close();
  await runtime.close();
});

async function draw(rest: Partial<FieldRequest> = {}, scope = microscope): Promise<FieldEvent[]> {
  const events: FieldEvent[] = [];
  const request = { proteins: [protein], field, settings: quick, ...rest };
  for await (const event of generateFields(scope, request)) events.push(event);
  return events;
}
const only = (events: readonly FieldEvent[]): GeneratedField => {
  expect(events).toHaveLength(1);
  return events[0]!.field!;
};

describe("generateFields", () => {
  it("draws every cell, the whole nuclei first, and measures each", async () => {
    const drawn = only(await draw());
    expect(drawn).toMatchObject({ name: "FBL_field", ...size, pixelSizeMicrons: 1 });
    expect(drawn.cells).toHaveLength(11);
    expect(drawn.cells.map(({ shape }) => shape.touchesBorder).indexOf(true)).toBe(10);
    expect(drawn.cells.map(({ seed }) => seed)).toEqual([5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
    for (const [index, cell] of drawn.cells.entries()) {
      const { x, y } = cell.shape.centre;
      expect(drawn.labels[Math.round(y) * size.width + Math.round(x)]).toBe(index + 1);
      expect(Object.values(cell.compartments!).reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 5);
      expect(cell.nuclearProportion! > 0 && cell.nuclearProportion! < 1).toBe(true);
      expect(cell.agreement).toBeNull();
    }
    expect(drawn.provenance).toMatchObject({
      synthetic: true,
      nucleus: { image: "field.tif", sha256: "0123" },
      settings: quick,
      field: { nuclei: 11, cutByFrame: 1, drawn: 11, ...size },
    });
    const mean = drawn.cells.reduce((sum, cell) => sum + cell.compartments!.cytosol!, 0) / 11;
    expect(drawn.provenance.compartments.classified.cytosol).toBeCloseTo(mean, 6);
  });

  it("gives the same picture whatever the batch, and another with other noise", async () => {
    const inBatchesOf = (batchSize: number): Microscope => ({
      ...microscope,
      generateCells: (encoded, cells, options) =>
        microscope.generateCells(encoded, cells, { ...options, batchSize }),
    });
    const [byOne, byThree, byTen, other] = [
      only(await draw({}, inBatchesOf(1))),
      only(await draw({}, inBatchesOf(3))),
      only(await draw({}, inBatchesOf(10))),
      only(await draw({ settings: { ...quick, seed: 50 } })),
    ].map(({ proteins }) => proteins[0]!) as [Float32Array, Float32Array, Float32Array, Float32Array];
    const difference = (a: Float32Array, b: Float32Array) =>
      a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
    expect(difference(byOne, byThree)).toBeLessThan(1e-5);
    expect(difference(byOne, byTen)).toBeLessThan(1e-5);
    expect(difference(byOne, other)).toBeGreaterThan(0.01);
  });

  it("gives single crops where they are wanted, as generate draws them", async () => {
    const events = await draw({ withCrops: true, maxNuclei: 3 });
    expect(events.map(({ cell, field: whole }) => cell?.name ?? whole?.name)).toEqual([
      ...["FBL_nucleus0", "FBL_nucleus1", "FBL_nucleus2", "FBL_field"],
    ]);
    const nuclei = chooseWholeNuclei(field).slice(2, 3);
    const settings = { ...quick, seed: quick.seed + 2 };
    for await (const cell of generate(microscope, { proteins: [protein], nuclei, settings })) {
      const crop = events[2]!.cell!;
      expect(cell.name).toBe(crop.name);
      for (const [i, value] of crop.images.images.entries())
        expect(Math.abs(value - cell.images.images[i]!)).toBeLessThan(1e-5);
      expect(crop.provenance.settings).toEqual(cell.provenance.settings);
    }
  });

  it("shows the cells that are finished when a later one fails, then the failure", async () => {
    let calls = 0;
    const failing: Microscope = {
      ...microscope,
      generateCells: async (...all) => {
        if (++calls === 2) throw new Error("the device is gone");
        return microscope.generateCells(...all);
      },
    };
    const events: FieldEvent[] = [];
    const work = (async () => {
      for await (const event of generateFields(failing, {
        proteins: [protein, protein],
        field,
        settings: quick,
      }))
        events.push(event);
    })();
    await expect(work).rejects.toThrow("the device is gone");
    const part = only(events);
    expect(part.provenance.field).toMatchObject({ nuclei: 11, drawn: 8 });
    const whole = only(await draw());
    const { x, y } = whole.cells[0]!.shape.centre;
    const pixel = Math.round(y) * size.width + Math.round(x);
    expect(part.proteins[0]![pixel]).toBeCloseTo(whole.proteins[0]![pixel]!, 4);
    const table = readCsv(encodeField(part, []).get("FBL_field_nuclei.csv")!);
    expect(table.map(({ status }) => status)).toEqual([
      ...Array(8).fill("drawn"),
      ...Array(3).fill("not drawn"),
    ]);
  });

  it("gives nothing but the reason where no cell is finished at an abort", async () => {
    const controller = new AbortController();
    controller.abort();
    const { signal } = controller;
    const work = generateFields(microscope, { proteins: [protein], field }, { signal }).next();
    await expect(work).rejects.toMatchObject({ name: "AbortError" });
  });
});

describe("encodeField", () => {
  it("writes pictures, labels as a second image, a table, an overview and the provenance", async () => {
    const drawn = only(await draw());
    const files = encodeField(drawn, ["png", "ome-tiff", "ome-zarr", "npy"]);
    expect([...new Set([...files.keys()].map((path) => path.split("/")[0]))]).toEqual([
      ...["FBL_field_synthetic.png", "FBL_field_protein_synthetic.png", "FBL_field_synthetic.ome.tiff"],
      ...["FBL_field_synthetic.ome.zarr", "FBL_field_synthetic.npy", "FBL_field_overview_synthetic.png"],
      ...["FBL_field_nuclei.csv", "FBL_field_provenance.json"],
    ]);
    expect(readPng(files.get("FBL_field_synthetic.png")!)).toMatchObject({ ...size, channels: 3 });
    const grey = readPng(files.get("FBL_field_protein_synthetic.png")!);
    expect(grey.data).toEqual(Uint16Array.from(drawn.proteins[0]!, (value) => Math.round(value * 65535)));
    const tiff = files.get("FBL_field_synthetic.ome.tiff")!;
    const first = await openImage(tiff, {});
    expect(first).toMatchObject({ ...size, channelNames: ["protein (synthetic)", "nucleus (input)"] });
    const second = await openImage(tiff, { series: 1 });
    expect((await second.readPlane({ c: 0, z: 0, t: 0 })).data).toEqual(Uint16Array.from(drawn.labels));
    expect(files.has("FBL_field_synthetic.ome.zarr/labels/nuclei/zarr.json")).toBe(true);
    const table = readCsv(files.get("FBL_field_nuclei.csv")!);
    expect(table[10]).toMatchObject({ nucleus: "10", label: "11", cut_by_frame: "yes", status: "drawn" });
    expect(Number(table[0]!.diameter_microns)).toBeCloseTo(14, -0.5);
    const overview = readPng(files.get("FBL_field_overview_synthetic.png")!);
    expect(overview.height).toBeGreaterThan(size.height);
    expect(overview.width).toBe(size.width);
  });

  it("numbers the pictures of several samples", async () => {
    const drawn = only(await draw({ maxNuclei: 2, settings: { ...quick, samples: 2 } }));
    expect(drawn.cells.every(({ agreement }) => agreement !== null)).toBe(true);
    const files = encodeField(drawn, ["png", "ome-tiff"]);
    expect(files.has("FBL_field_sample1_protein_synthetic.png")).toBe(true);
    const third = await openImage(files.get("FBL_field_synthetic.ome.tiff")!, { series: 2 });
    expect(third.channelNames).toEqual(["nuclei"]);
  });
});
