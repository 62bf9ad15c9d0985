import { expect, it } from "vitest";
import type { BenchCase } from "./case.ts";
import { readOptions } from "./options.ts";

const named = (name: string): BenchCase => ({
  ...{ name, title: name },
  prepare: async () => ({ gflop: null, run: async () => {} }),
});
const sets = {
  cases: ["unet.step.b2", "unet.train.b8", "esm2.8M", "cli.cold"].map(named),
  scalingCases: ["scaling.unet.64", "scaling.unet.128"].map(named),
};
const read = (...words: string[]) => readOptions(words, sets)!;
const chosen = (...words: string[]) => read(...words).chosen.map(({ name }) => name);

it("without words all cases run, those of scaling apart", () => {
  expect(chosen()).toEqual(["unet.step.b2", "unet.train.b8", "esm2.8M", "cli.cold"]);
  expect(chosen("--scaling")).toEqual(["scaling.unet.64", "scaling.unet.128"]);
  expect(read()).toMatchObject({ json: undefined, device: "cpu", leastRuns: 5, listOnly: false });
  expect(read().threads).toBeGreaterThan(0);
});

it("takes its options", () => {
  const options = read("--json", "out.json", "--threads", "3", "--runs", "2", "--device", "webgpu", "--list");
  expect(options).toMatchObject({
    ...{ json: "out.json", threads: 3, leastRuns: 2, device: "webgpu", listOnly: true },
  });
});

it("chooses by name or by part of a name, in the order of the cases", () => {
  expect(chosen("--only", "esm2.8M,unet.step.b2")).toEqual(["unet.step.b2", "esm2.8M"]);
  expect(chosen("--only", "unet.")).toEqual(["unet.step.b2", "unet.train.b8"]);
  expect(chosen("--scaling", "--only", "unet.")).toEqual(["scaling.unet.64", "scaling.unet.128"]);
  expect(chosen("--only", "scaling.unet.64")).toEqual(["scaling.unet.64"]);
});

it("says in one line what is wrong, with the nearest right name", () => {
  expect(() => read("--only", "unet.stap.b2")).toThrow('called "unet.stap.b2" (did you mean unet.step.b2?)');
  expect(() => read("--only", "zzz")).toThrow('"zzz"; --list names them');
  expect(() => read("--threads", "none")).toThrow("--threads takes a whole number from 1");
  expect(() => read("--runs", "0")).toThrow("--runs takes a whole number from 1");
  expect(() => read("--device", "tpu")).toThrow('--device is cpu, webgpu or cuda, got "tpu"');
  expect(() => read("--frobnicate")).toThrow("--frobnicate");
});

it("asks for help in words of its own", () => {
  expect(readOptions(["--help"], sets)).toBeUndefined();
});
