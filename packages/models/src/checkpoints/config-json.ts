// The one border between the snake_case of config.json, as Hugging Face and diffusers write it, and the camelCase of
// the configurations here. A field that a network reads is checked by a schema; a field that diffusers could vary and
// the network does not is held to the one value it was built for, so that no other architecture is run by mistake.

import { z } from "zod";
import { CheckpointError } from "./file-source.ts";

export type Json = Readonly<Record<string, unknown>>;

export interface ConfigFormat<T> {
  /** Of the fields in camel case. */
  readonly schema: z.ZodType<T>;
  /** Fields that must have this value where they are present, and that are written with it. */
  readonly fixed: (config: T) => Json;
}

/** A size from a file: bounded, so that a wrong one ends in an error and not in a trace without end. */
export const size = z.int().min(1).max(1_000_000);
/** A number of blocks or heads. */
export const count = z.int().min(1).max(1000);

/** Reads a configuration. @throws CheckpointError naming each field that is wrong; `place` says where. */
export function parseConfig<T>(format: ConfigFormat<T>, json: Json, place: string): T {
  const camel = renameKeys(json, camelCase);
  const result = format.schema.safeParse(camel);
  if (!result.success) {
    const faults = result.error.issues.map(({ path, message }) => {
      const [field, ...rest] = path.map(String);
      return `${[field ?? "", ...rest].map(snakeCase).join(".")}: ${message}`;
    });
    throw new CheckpointError(`${place}: ${faults.join("; ")}`);
  }
  const faults = Object.entries(format.fixed(result.data)).flatMap(([key, value]) => {
    const found = camel[key];
    const isAbsent = found === undefined || (found === null && value === false);
    return isAbsent || JSON.stringify(found) === JSON.stringify(value)
      ? []
      : [`${snakeCase(key)} is ${JSON.stringify(found)}, only ${JSON.stringify(value)} is supported`];
  });
  if (faults.length > 0) throw new CheckpointError(`${place}: ${faults.join("; ")}`);
  return result.data;
}

/** The fields of a config.json. */
export function formatConfig<T extends object>(format: ConfigFormat<T>, config: T): Json {
  const fields = { ...format.fixed(config), ...config };
  return renameKeys(fields, snakeCase);
}

function renameKeys(fields: Json, rename: (key: string) => string): Json {
  const inside = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(inside);
    return typeof value === "object" && value !== null ? renameKeys(value as Json, rename) : value;
  };
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [rename(key), inside(value)]));
}

function camelCase(key: string): string {
  return key.replace(/(?<=[a-z0-9])_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function snakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
