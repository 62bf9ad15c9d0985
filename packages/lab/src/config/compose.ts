// A run's configuration: a YAML file, the files it extends, and `key.path=value` words from the command line,
// checked by a schema. Keys are snake_case on disk and camelCase in code. A key that the schema does not know is
// refused with the nearest that it does, because a misspelt option that is ignored costs a night.

import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { nearest } from "./nearest.ts";

/** A configuration that cannot be used; the message names file and key. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** A path in a configuration: made absolute, so that a run can be resumed from another folder. */
export const pathSchema = z.string().transform((path) => resolve(path));

type Tree = { readonly [key: string]: unknown };

/** Keys that version 0.1 knew, by their names of today; they are read for one version more. */
const earlierKeys: Readonly<Record<string, string>> = {
  dropRate: "conditioningDropout",
  swapRate: "residueSwapProbability",
  rampSteps: "conditioningWarmupSteps",
  decidedRate: "prototypeProbability",
  decisionSharpness: "targetInverseTemperature",
  partnerConfidence: "pairingInverseTemperature",
  relatives: "homologs",
};

/**
 * Reads a YAML file; where it says `extends: [other.yaml]`, those are read first and it changes them key by key.
 * Throws ConfigError.
 */
export async function readConfig(path: string, readers: readonly string[] = []): Promise<Tree> {
  if (readers.includes(path))
    throw new ConfigError(`${path} extends itself, by way of ${readers.join(", ")}`);
  const { extends: bases = [], ...own } = parseTree(await readFile(path, "utf8"), path);
  if (!Array.isArray(bases) || !bases.every((base) => typeof base === "string")) {
    throw new ConfigError(`${path}: extends is a list of file names`);
  }
  let merged: Tree = {};
  for (const base of bases) {
    merged = merge(merged, await readConfig(join(dirname(path), base), [...readers, path]));
  }
  return merge(merged, own);
}

/** Applies words such as `train.learning_rate=1e-3`; values are read as YAML. Throws ConfigError. */
export function overrideConfig(config: Tree, words: readonly string[]): Tree {
  return words.reduce((result, word) => {
    const [, path, value] = /^([a-z0-9_]+(?:\.[a-z0-9_]+)*)=(.*)$/is.exec(word) ?? [];
    if (path === undefined || value === undefined) {
      throw new ConfigError(`"${word}" is not key.path=value, such as train.steps=100`);
    }
    const change = path
      .split(".")
      .reduceRight<unknown>((inner, key) => ({ [key]: inner }), parseValue(word, value));
    return merge(result, change as Tree);
  }, config);
}

/** Checks a configuration by its schema, whose keys are camelCase. Throws ConfigError with every fault. */
export function checkConfig<Schema extends z.ZodObject>(
  schema: Schema,
  config: Tree,
  name = "the configuration",
): z.infer<Schema> {
  const result = schema.safeParse(convertKeys(config, toCurrentKey));
  if (result.success) return result.data;
  const faults = result.error.issues.flatMap((issue) => {
    const place = issue.path.map((key) => toSnakeCase(String(key)));
    if (issue.code !== "unrecognized_keys") return [`${place.join(".")}: ${issue.message}`];
    return issue.keys.map((key) => {
      const meant = nearest(key, keysAt(schema, issue.path));
      const advice = meant === undefined ? "" : `, did you mean ${[...place, toSnakeCase(meant)].join(".")}?`;
      return `unknown key ${[...place, toSnakeCase(key)].join(".")}${advice}`;
    });
  });
  throw new ConfigError(`${name}: ${faults.join("; ")}`);
}

/** The configuration as the YAML that is kept with a run. */
export function writeConfig(config: object): string {
  return stringify(snakeCaseKeys(config));
}

/** The same tree with its keys as they stand on disk. */
export function snakeCaseKeys(tree: object): unknown {
  return convertKeys(tree, toSnakeCase);
}

function parseTree(text: string, name: string): Tree {
  let tree: unknown;
  try {
    tree = parse(text) ?? {};
  } catch (cause) {
    throw new ConfigError(`${name}: ${(cause as Error).message.split("\n")[0]}`, { cause });
  }
  if (!isTree(tree)) throw new ConfigError(`${name} is not a mapping of keys to values`);
  return tree;
}

function parseValue(word: string, value: string): unknown {
  try {
    return parse(value);
  } catch (cause) {
    throw new ConfigError(`"${word}": the value is not YAML`, { cause });
  }
}

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function merge(base: Tree, change: Tree): Tree {
  const entries = Object.entries(change).map(([key, value]) => {
    const old = Object.hasOwn(base, key) ? base[key] : undefined;
    return [key, isTree(old) && isTree(value) ? merge(old, value) : value] as const;
  });
  return { ...base, ...Object.fromEntries(entries) };
}

function convertKeys(value: unknown, convert: (key: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => convertKeys(item, convert));
  if (!isTree(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [convert(key), convertKeys(item, convert)]),
  );
}

function toCurrentKey(key: string): string {
  const camel = toCamelCase(key);
  return earlierKeys[camel] ?? camel;
}

function toCamelCase(key: string): string {
  return key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function toSnakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let inner: unknown = schema;
  for (const key of [...path, undefined]) {
    while (
      inner instanceof z.ZodDefault ||
      inner instanceof z.ZodOptional ||
      inner instanceof z.ZodPrefault
    ) {
      inner = inner.unwrap();
    }
    if (key === undefined) break;
    if (inner instanceof z.ZodObject) inner = inner.shape[String(key)];
    else if (inner instanceof z.ZodArray) inner = inner.element;
    else return [];
  }
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
}
