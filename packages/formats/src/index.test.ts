import { expect, it } from "vitest";
import * as formats from "./index.ts";

it("exports these names and no others", () => {
  expect(Object.keys(formats).sort()).toEqual([
    "FormatError",
    "bfloat16ToFloat32",
    "bytesOf",
    "bytesPerElement",
    "collectTensors",
    "elementCount",
    "float16ToFloat32",
    "float32ToBfloat16",
    "float32ToFloat16",
    "isConsistent",
    "parseFasta",
    "parseSequence",
    "readCsv",
    "readImage",
    "readNpy",
    "readNpyHeader",
    "readNpz",
    "readPng",
    "readSafetensors",
    "readSafetensorsHeader",
    "readTiff",
    "readTorchCheckpoint",
    "safetensorsDataStart",
    "toFloat32",
    "viewBytes",
    "writeCsv",
    "writeNpy",
    "writeNpz",
    "writeOmeTiff",
    "writeOmeZarr",
    "writePng",
    "writeSafetensors",
  ]);
});
