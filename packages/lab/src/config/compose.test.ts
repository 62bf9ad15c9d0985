import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import {
  ConfigError,
  checkConfig,
  overrideConfig,
  pathSchema,
  readConfig,
  snakeCaseKeys,
  writeConfig,
} from "./compose.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "config-"));
});
afterEach(() => rm(folder, { recursive: true }));
const write = async (name: string, text: string) => {
  await writeFile(join(folder, name), text);
  return join(folder, name);
};

const schema = z.strictObject({
  model: z.strictObject({ hiddenSize: z.int(), conditioningDropout: z.number().default(0.1) }),
  rules: z.array(z.strictObject({ minWeight: z.number() })).default([]),
  steps: z.int().positive(),
});

describe("readConfig", () => {
  it("changes what a file extends, key by key", async () => {
    await write(
      "base.yaml",
      "model: {hidden_size: 8, conditioning_dropout: 0.2}\nsteps: 5\nrules: [{min_weight: 1}]\n",
    );
    const path = await write("own.yaml", "extends: [base.yaml]\nmodel: {hidden_size: 16}\nrules: []\n");
    expect(await readConfig(path)).toEqual({
      model: { hidden_size: 16, conditioning_dropout: 0.2 },
      steps: 5,
      rules: [],
    });
  });

  it("takes the value of the last of several bases", async () => {
    await write("a.yaml", "steps: 1\nx: 1\n");
    await write("b.yaml", "steps: 2\n");
    const path = await write("own.yaml", "extends: [a.yaml, b.yaml]\n");
    expect(await readConfig(path)).toEqual({ steps: 2, x: 1 });
  });

  it("refuses a file that extends itself, also by way of others", async () => {
    await write("a.yaml", "extends: [b.yaml]\n");
    const path = await write("b.yaml", "extends: [a.yaml]\n");
    await expect(readConfig(path)).rejects.toThrow(/extends itself/);
  });

  it("refuses a text that is no mapping or no YAML, by the name of the file", async () => {
    await expect(readConfig(await write("list.yaml", "- 1\n"))).rejects.toThrow(
      /list\.yaml is not a mapping/,
    );
    await expect(readConfig(await write("bad.yaml", "a: [1"))).rejects.toThrow(/bad\.yaml: /);
    await expect(readConfig(await write("e.yaml", "extends: 3"))).rejects.toThrow(/list of file names/);
  });

  it("refuses files that extend one another exponentially, without reading them all", async () => {
    for (let level = 0; level < 40; level++) {
      const next = `level${level + 1}.yaml`;
      await write(`level${level}.yaml`, `extends: [${next}, ${next}]\nx${level}: 1\n`);
    }
    await write("level40.yaml", "x: 1\n");
    await expect(readConfig(join(folder, "level0.yaml"))).rejects.toThrow(
      /level0\.yaml extends more than 20 files in all/,
    );
    const many = Array.from({ length: 1000 }, () => "level40.yaml");
    await expect(readConfig(await write("wide.yaml", JSON.stringify({ extends: many })))).rejects.toThrow(
      /wide\.yaml extends more than 20 files in all/,
    );
  });

  it("refuses an alias that contains itself, by the name of the file", async () => {
    const path = await write("cycle.yaml", "model: &m\n  again: *m\n");
    await expect(readConfig(path)).rejects.toThrow(/cycle\.yaml: contains itself by an alias/);
    await expect(readConfig(path)).rejects.toThrow(ConfigError);
  });
});

describe("overrideConfig", () => {
  it("reads values as YAML and leaves all other keys", () => {
    const changes = ["model.hidden_size=32", "rules=[{min_weight: 2}]", "name=a=b", "train.rate=1.0e-3"];
    expect(overrideConfig({ model: { hidden_size: 8, conditioning_dropout: 0 }, steps: 1 }, changes)).toEqual(
      {
        model: { hidden_size: 32, conditioning_dropout: 0 },
        steps: 1,
        rules: [{ min_weight: 2 }],
        name: "a=b",
        train: { rate: 0.001 },
      },
    );
  });

  it("refuses changes of another form", () => {
    for (const word of ["steps", "=5", "a..b=1", "--steps=5"]) {
      expect(() => overrideConfig({}, [word]), word).toThrow(/is not key\.path=value/);
    }
    expect(() => overrideConfig({}, ["a=[1"])).toThrow(/^the value of "a": Flow sequence must end with a \]/);
    expect(() => overrideConfig({}, ["a=&x [*x]"])).toThrow(/^the value of "a": contains itself/);
    expect(() => overrideConfig({}, [`${"a.".repeat(100_000)}a=1`])).toThrow(/is not key\.path=value/);
  });

  it("does not reach into objects' own ancestry", () => {
    const config = overrideConfig({}, ["__proto__.polluted=1"]);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(() => checkConfig(schema, config)).toThrow();
  });
});

describe("checkConfig", () => {
  it("gives camelCase keys and defaults", () => {
    const config = checkConfig(schema, { model: { hidden_size: 8 }, steps: 3, rules: [{ min_weight: 1 }] });
    expect(config).toEqual({
      model: { hiddenSize: 8, conditioningDropout: 0.1 },
      steps: 3,
      rules: [{ minWeight: 1 }],
    });
  });

  it("refuses unknown keys with the nearest that it knows, at any depth", () => {
    const check = (config: Record<string, unknown>) => () => checkConfig(schema, config, "own.yaml");
    expect(check({ model: { hiden_size: 8, hidden_size: 8 }, steps: 1 })).toThrow(
      "own.yaml: unknown key model.hiden_size, did you mean model.hidden_size?",
    );
    const rules = [{ minweight: 1, min_weight: 1 }];
    expect(check({ model: { hidden_size: 8 }, steps: 1, rules })).toThrow(
      /did you mean rules\.0\.min_weight/,
    );
    expect(check({ model: { hidden_size: 8 }, steps: 1, zebra: 1 })).toThrow(/unknown key zebra$/);
  });

  it("names every wrong value by its key on disk", () => {
    const wrong = { model: { hidden_size: "big" }, steps: 0 };
    expect(() => checkConfig(schema, wrong)).toThrow(/model\.hidden_size: .*; steps: /);
    expect(() => checkConfig(schema, wrong)).toThrow(expect.objectContaining({ name: "ConfigError" }));
  });
});

describe("writeConfig", () => {
  it("writes what reads back the same", async () => {
    const config = checkConfig(schema, { model: { hidden_size: 8 }, steps: 3 });
    const path = await write("run.yaml", writeConfig(config));
    expect(checkConfig(schema, await readConfig(path))).toEqual(config);
    expect(writeConfig(config)).toContain("hidden_size: 8");
  });

  it("changes keys alone", () => {
    expect(snakeCaseKeys({ aB: ["cD", { eF: null }] })).toEqual({ a_b: ["cD", { e_f: null }] });
  });
});

describe("pathSchema", () => {
  it("makes paths absolute, so that a run can move on from another folder", () => {
    expect(isAbsolute(pathSchema.parse("runs/plm"))).toBe(true);
    expect(pathSchema.parse("/a/b")).toBe("/a/b");
  });
});
