// The one border between the snake_case of config.json, as Hugging Face and diffusers write it, and the camelCase of
// the configurations here. A field that a network reads is checked by a schema; a field that diffusers could vary and
// the network does not is held to the one value it was built for, so that no other architecture is run by mistake.

import { z } from "zod";
import { CheckpointError } from "./file-source.ts";

/** A JSON object. */
export type Json = Readonly<Record<string, unknown>>;

/** The fields of a config.json. */
export interface ConfigFormat<T> {
  /** The fields that are read, in camel case. */
  readonly schema: z.ZodType<T>;
  /** Fields that must have this value where they are present, and that are written with it. */
  fixed(config: T): Json;
  /** Configurations inside it, as their own formats write them. */
  inside?(config: T): Json;
}

/** A size: bounded, so that a wrong one ends in an error and not in an endless trace. */
export const size = z.int().min(1).max(1_000_000);
/** A number of blocks or heads. */
export const count = z.int().min(1).max(1000);
/** A probability or a fraction. */
export const rate = z.number().min(0).max(1);
/** A small positive number. */
export const epsilon = z.number().positive().max(1);

/**
 * A value that diffusers takes once or as a list per level: a list of equal values counts as the value itself. Lists whose
 * values differ are refused.
 */
export function perLevel<T>(schema: z.ZodType<T>): z.ZodType<T> {
  return z.preprocess((value, context) => {
    if (!Array.isArray(value) || value.length === 0) return value;
    if (value.every((item) => item === value[0])) return value[0];
    context.addIssue({ code: "custom", message: "levels with values of their own are not supported" });
    return z.NEVER;
  }, schema);
}

/** Reads a configuration. @throws CheckpointError with each field that is wrong; `place` names the file. */
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
    return found === undefined || isSame(found, value)
      ? []
      : [
          `${snakeCase(key)} is ${shorten(JSON.stringify(found))}, only ${JSON.stringify(value)} is supported`,
        ];
  });
  if (faults.length > 0) throw new CheckpointError(`${place}: ${faults.join("; ")}`);
  return result.data;
}

/** Equal values, two ways to say nothing (null, false, [], {}), or a list that has the value for every level. */
function isSame(found: unknown, value: unknown): boolean {
  const isForEveryLevel =
    Array.isArray(found) && found.length > 0 && found.flat().every((item) => item === value);
  const isNothing = [found, value].every((one) => nothings.includes(JSON.stringify(one)));
  return isNothing || isForEveryLevel || JSON.stringify(found) === JSON.stringify(value);
}

/** Text of a file as a message has it: 80 characters at most. */
export function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

const nothings = ["null", "false", "[]", "{}"];

/** The fields of a config.json, in snake case. */
export function formatConfig<T>(format: ConfigFormat<T>, config: T): Json {
  return renameKeys({ ...format.fixed(config), ...config, ...format.inside?.(config) }, snakeCase);
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
