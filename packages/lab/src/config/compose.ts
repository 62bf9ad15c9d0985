// A run's configuration: a YAML file, the files that it extends, and changes `key.path=value` from the command line,
// checked by a schema. Keys are snake_case on disk and camelCase in code. A key that the schema does not know is
// refused with the nearest one that it does, because a misspelt option that is ignored costs a night.

import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { ProteoscopeError, type ProteoscopeErrorOptions, printable } from "@proteoscope/formats";
import { stringify } from "yaml";
import { z } from "zod";
import { nearest } from "./nearest.ts";
import { parseYaml } from "./yaml.ts";

const longestMessage = 2000;

/** A configuration that cannot be used; the message names the file and the key. */
export class ConfigError extends ProteoscopeError {
  override readonly name = "ConfigError";

  constructor(message: string, options: Partial<ProteoscopeErrorOptions> = {}) {
    super(printable(message, longestMessage), { kind: "usage", ...options }); // it quotes from files
  }
}

/** A path in a configuration: made absolute, so that a run can be resumed from another folder. */
export const pathSchema = z.string().transform((path) => resolve(path));

type Tree = { readonly [key: string]: unknown };

/** Keys of version 0.1 and their present names; they are read for one more version. */
const earlierKeys: Readonly<Record<string, string>> = {
  dropRate: "conditioningDropout",
  swapRate: "residueSwapProbability",
  rampSteps: "conditioningWarmupSteps",
  decidedRate: "prototypeProbability",
  decisionSharpness: "targetInverseTemperature",
  partnerConfidence: "pairingInverseTemperature",
  relatives: "homologs",
};

/** Files that one configuration may be composed of, each counted as often as it is extended. */
const mostFiles = 20;

/**
 * Reads a YAML file; the files of its key `extends: [other.yaml]` are read first, and it changes them key by key.
 * @throws ConfigError
 */
export async function readConfig(path: string): Promise<Tree> {
  let files = 0;
  const read = async (file: string, readers: readonly string[]): Promise<Tree> => {
    if (readers.includes(file))
      throw new ConfigError(`${file} extends itself, by way of ${readers.join(", ")}`);
    if (++files > mostFiles) throw new ConfigError(`${path} extends more than ${mostFiles} files in all`);
    const { extends: bases = [], ...own } = parseConfig(await readFile(file, "utf8"), file);
    if (!Array.isArray(bases) || !bases.every((base) => typeof base === "string"))
      throw new ConfigError(`${file}: extends is a list of file names`);
    let merged: Tree = {};
    for (const base of bases)
      merged = merge(merged, await read(join(dirname(file), base), [...readers, file]));
    return merge(merged, own);
  };
  return read(path, []);
}

/** Applies changes such as `train.learning_rate=1e-3`; values are read as YAML. @throws ConfigError */
export function overrideConfig(config: Tree, words: readonly string[]): Tree {
  return words.reduce((result, word) => {
    const [, path, value] = /^([a-z0-9_]+(?:\.[a-z0-9_]+){0,20})=(.*)$/is.exec(word) ?? [];
    if (path === undefined || value === undefined) {
      throw new ConfigError(`"${printable(word)}" is not key.path=value, such as train.steps=100`);
    }
    const change = path
      .split(".")
      .reduceRight<unknown>((inner, key) => ({ [key]: inner }), parse(value, `the value of "${path}"`));
    return merge(result, change as Tree);
  }, config);
}

/** Checks a configuration by its schema, whose keys are camelCase. @throws ConfigError that names every fault */
export function checkConfig<Schema extends z.ZodObject>(
  schema: Schema,
  config: Tree,
  name = "the configuration",
): z.infer<Schema> {
  const result = schema.safeParse(convertKeys(config, toCurrentKey));
  if (result.success) return result.data;
  const faults = result.error.issues.flatMap((issue) => {
    const place = issue.path.map((key) => toSnakeCase(String(key)));
    if (issue.code !== "unrecognized_keys") return describeFault(schema, issue, place);
    return issue.keys.map((key) => {
      const meant = nearest(key, keysAt(schema, issue.path));
      const advice = meant === undefined ? "" : `, did you mean ${[...place, toSnakeCase(meant)].join(".")}?`;
      return `unknown key ${[...place, toSnakeCase(key)].join(".")}${advice}`;
    });
  });
  throw new ConfigError(`${name}: ${faults.join("; ")}`);
}

/** What is wrong with a value; the fields of a group that is missing, one by one. */
function describeFault(schema: z.ZodType, issue: z.core.$ZodIssue, place: readonly string[]): string[] {
  const path = place.join(".");
  const isMissing = issue.code === "invalid_type" && /received undefined$/.test(issue.message);
  if (!isMissing) return [`${path}: ${issue.message}`];
  const fields = keysAt(schema, issue.path).map((key) => `${path}.${toSnakeCase(key)}`);
  const missing = fields.length === 0 ? [path] : fields;
  return missing.map((field) =>
    field.startsWith("models.")
      ? `${field} is missing: name the folder of a finished run, ${field}=FOLDER`
      : `${field} is missing`,
  );
}

/** The configuration as the YAML that is stored with a run. */
export function writeConfig(config: object): string {
  return stringify(snakeCaseKeys(config));
}

/** The same tree with its keys in snake_case, as on disk. */
export function snakeCaseKeys(tree: object): unknown {
  return convertKeys(tree, toSnakeCase);
}

/** Parses the text of a configuration; `name` is for messages. @throws ConfigError */
export function parseConfig(text: string, name: string): Tree {
  const tree = parse(text, name) ?? {};
  if (!isTree(tree)) throw new ConfigError(`${name} is not a mapping of keys to values`);
  return tree;
}

function parse(text: string, name: string): unknown {
  try {
    return parseYaml(text);
  } catch (cause) {
    throw new ConfigError(`${name}: ${(cause as Error).message.replace(/:?\s*$/, "")}`, { cause });
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
