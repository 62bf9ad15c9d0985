import { describe, expect, it } from "vitest";
import { FormatError } from "../errors.ts";
import type { NdArray } from "../nd-array.ts";
import { cpuTimeMs } from "../testing/cpu-time.ts";
import { readFixture } from "../testing/fixture.ts";
import { readTorchCheckpoint } from "./checkpoint.ts";
import { collectTensors, withoutWrapperNames } from "./state-dict.ts";

describe("collectTensors", () => {
  const array: NdArray = { dtype: "float32", shape: [1], data: Float32Array.of(1) };

  it("takes the tensors of a state dict and leaves its other values", () => {
    expect(
      collectTensors(
        new Map<string, unknown>([
          ["a", array],
          ["step", 3],
          ["b", array],
        ]),
      ),
    ).toEqual(
      new Map([
        ["a", array],
        ["b", array],
      ]),
    );
  });

  it.each(["model", "state_dict", "module", "model_state_dict", "ema", "model_ema", "net"])(
    "looks under %s",
    (key) => {
      const nested = new Map<string, unknown>([
        ["epoch", 1],
        [key, new Map([["a", array]])],
      ]);
      expect(collectTensors(nested)).toEqual(new Map([["a", array]]));
      expect(collectTensors(new Map([["state_dict", nested]]))).toEqual(new Map([["a", array]]));
    },
  );

  it.each([null, 3, [array], new Map(), new Map([["optimizer", new Map([["a", array]])]])])(
    "refuses %j",
    (tree) => {
      expect(() => collectTensors(tree)).toThrow(FormatError);
    },
  );

  const other: NdArray = { dtype: "float32", shape: [1], data: Float32Array.of(2) };
  const dictOf = (...values: [string, unknown][]) => new Map<string, unknown>(values);

  it("takes a state dict and not the tensors beside it", () => {
    const loss = dictOf(["loss", other], ["model", dictOf(["a", array])], ["step", 3]);
    expect(collectTensors(loss)).toEqual(new Map([["a", array]]));
  });

  it("prefers averaged weights where they are complete", () => {
    const model = dictOf(["a", array], ["b", array]);
    const whole = dictOf(["a", other], ["b", other]);
    expect(collectTensors(dictOf(["model", model], ["ema", whole]))).toEqual(whole);
    expect(collectTensors(dictOf(["model", model], ["ema", dictOf(["a", other])]))).toEqual(model);
    expect(collectTensors(dictOf(["model", model], ["ema", 0.999]))).toEqual(model);
  });

  it.each<[string, string[]]>([
    ["training.pt", ["0.weight", "0.bias"]],
    ["lightning.ckpt", ["net.0.weight", "net.0.bias"]],
    ["compiled.pt", ["_orig_mod.0.weight", "_orig_mod.0.bias"]],
    ["data-parallel.pt", ["module.0.weight", "module.0.bias"]],
    ["average.pt", ["n_averaged", "module.0.weight", "module.0.bias"]],
    ["legacy.pt", ["weight", "row", "transposed", "step"]],
  ])("finds the weights in %s", (name, expected) => {
    const tensors = collectTensors(readTorchCheckpoint(readFixture(`torch/${name}`)));
    expect([...tensors.keys()]).toEqual(expected);
    expect(
      Array.from(tensors.get(expected.find((key) => key.endsWith("weight"))!)!.data as Float32Array),
    ).toEqual([...[0, 1, 2, 3, 4, 5]]);
  });

  it("ends for dicts that hold themselves or one another, and for a chain of them", () => {
    const endless = dictOf(...Array.from({ length: 100_000 }, (_, i): [string, unknown] => [`x${i}`, i]));
    for (const key of ["ema", "model_ema", "state_dict", "model", "module", "net"]) endless.set(key, endless);
    let chain = dictOf(["a", array]);
    for (let i = 0; i < 100_000; i++) chain = dictOf(["model", chain]);
    const start = cpuTimeMs();
    expect(() => collectTensors(endless)).toThrow(FormatError);
    expect(() => collectTensors(chain)).toThrow(FormatError);
    expect(cpuTimeMs() - start).toBeLessThan(1000);
  });

  it("names the keys in few words that a terminal does not obey", () => {
    const keys = Array.from({ length: 1000 }, (_, i): [string, unknown] => [
      `\u001b[2J${"x".repeat(1000)}${i}`,
      i,
    ]);
    expect(() => collectTensors(dictOf(...keys))).toThrow(/^torch: no state dict [^\p{Cc}]{1,900}$/u);
    expect(() => collectTensors(dictOf(["a", 1], ["b", 2]))).toThrow(/the keys at the top are: a, b;/);
  });

  it("names the keys it found", () => {
    expect(() => collectTensors(new Map([["optimizer", 1]]))).toThrow(
      /the keys at the top are: optimizer.*state_dict\(\)/,
    );
  });
});

describe("withoutWrapperNames", () => {
  const unwrapped = (...names: string[]) => [
    ...withoutWrapperNames(new Map(names.map((name) => [name, name]))),
  ];

  it.each(["compiled.pt", "data-parallel.pt", "average.pt", "training.pt"])(
    "gives the network's own names for %s",
    (name) => {
      const tensors = collectTensors(readTorchCheckpoint(readFixture(`torch/${name}`)));
      expect([...withoutWrapperNames(tensors).keys()]).toEqual(["0.weight", "0.bias"]);
    },
  );

  it.each<[string, string[], string[]]>([
    ["a compiled network in DataParallel", ["module._orig_mod.a.w", "module._orig_mod.b"], ["a.w", "b"]],
    ["DataParallel in a compiled one", ["_orig_mod.module.a.w", "_orig_mod.module.b"], ["a.w", "b"]],
    [
      "a compiled part",
      ["encoder._orig_mod.layers.0._orig_mod.w", "head.b"],
      ["encoder.layers.0.w", "head.b"],
    ],
    ["FSDP and activation checkpoints", ["_fsdp_wrapped_module.a._checkpoint_wrapped_module.w"], ["a.w"]],
    ["DataParallel twice", ["module.module.a", "module.module.b"], ["a", "b"]],
    ["an average", ["n_averaged", "module.a"], ["a"]],
    [
      "the EMA of ema-pytorch",
      ["initted", "step", "online_model.a", "ema_model.a", "ema_model.b"],
      ["a", "b"],
    ],
    ["a network with a part named module", ["module.a", "b"], ["module.a", "b"]],
    [
      "a network with parts of like names",
      ["a.module.w", "my_orig_mod.b", "a._orig_modx"],
      ["a.module.w", "my_orig_mod.b", "a._orig_modx"],
    ],
    [
      "a training module with an EMA",
      ["ema.ema_model.a", "ema.online_model.a", "unet.a"],
      ["ema.ema_model.a", "ema.online_model.a", "unet.a"],
    ],
    ["nothing", [], []],
  ])("leaves wrappers out of %s", (_, names, expected) => {
    expect(unwrapped(...names).map(([name]) => name)).toEqual(expected);
  });

  it("refuses names that meet", () => {
    expect(() => unwrapped("a._orig_mod.w", "a.w")).toThrow(
      /two tensors are named a\.w when the names of wrappers/,
    );
  });

  it("takes twice the time for twice as many names, or names twice as long", () => {
    for (const write of [
      (n: number) => Array.from({ length: n }, (_, i) => `module._orig_mod.${i}`),
      (n: number) => [`${"module.".repeat(n / 10)}a`, `${"module.".repeat(n / 10)}b`],
      (n: number) => [`${"_orig_mod.".repeat(n)}a`],
    ]) {
      const timeOf = (n: number): number => {
        const names = write(n);
        const start = cpuTimeMs();
        expect(unwrapped(...names)).toHaveLength(names.length);
        return cpuTimeMs() - start;
      };
      timeOf(1000);
      expect(timeOf(40_000)).toBeLessThan(5 * timeOf(20_000) + 200);
    }
  });
});
