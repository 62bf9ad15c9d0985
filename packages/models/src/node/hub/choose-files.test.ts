import { expect, it } from "vitest";
import { chooseFiles } from "./choose-files.ts";
import type { RemoteFile } from "./download.ts";

const file = (path: string): RemoteFile => ({
  path,
  url: new URL("http://localhost"),
  bytes: 1,
  hash: { kind: "git", hex: "0" },
});
const wantedOf = (paths: string[], all = false) =>
  chooseFiles(paths.map(file), { all }).wanted.map(({ path }) => path);

it("takes safetensors alone where PyTorch's pickles say the same", () => {
  const esm = ["config.json", "vocab.txt", "model.safetensors", "pytorch_model.bin", "tf_model.h5"];
  expect(wantedOf(esm)).toEqual(esm.slice(0, 3));
  expect(chooseFiles(esm.map(file), { all: false }).leftOut.map(({ path }) => path)).toEqual(esm.slice(3));
});

it("takes pickles where there is nothing else, folder by folder", () => {
  const mixed = ["unet/w.safetensors", "unet/w.bin", "vae/w.bin", "pytorch_model.bin.index.json", "esm.pt"];
  expect(wantedOf(mixed)).toEqual([
    "unet/w.safetensors",
    "vae/w.bin",
    "pytorch_model.bin.index.json",
    "esm.pt",
  ]);
});

it("leaves other frameworks out, and takes all where all are wanted", () => {
  const others = ["flax_model.msgpack", "onnx/model.onnx", "onnx/config.json", "rust_model.ot"];
  expect(wantedOf(others)).toEqual([]);
  expect(wantedOf(others, true)).toEqual(others);
});
