// Checks the words of a command line before a command sees them: citty passes over options it does not know,
// values that are missing and words too many. Each mistake ends in one line with the nearest right word, exit code 2.
import { parseArgs } from "node:util";
import { nearest } from "@proteoscope/lab/nearest";
import type { ArgDef, ArgsDef } from "citty";
import { CommandError, exitCodes } from "./errors.ts";

/**
 * Refuses unknown options, options without their value, values outside a choice and words too many or too few.
 * @throws CommandError (usage) at the first mistake.
 */
export function checkArguments(words: readonly string[], args: ArgsDef, takesMany: boolean): void {
  const named = Object.entries(args).filter(([, arg]) => arg.type !== "positional");
  const names = new Map<string, readonly [string, ArgDef]>();
  for (const [name, arg] of named) {
    for (const spelling of [name, ...aliasesOf(arg)]) names.set(spelling, [name, arg]);
  }
  let positionals = 0;
  const largest = takesMany ? Infinity : Object.keys(args).length - named.length;
  for (const token of tokenize(words, names)) {
    if (token.kind === "positional") {
      positionals += 1;
      if (positionals > largest) throw usage(`unexpected argument "${token.value}"`);
    } else if (token.kind === "option") {
      const negated = token.name.startsWith("no-") ? names.get(token.name.slice(3)) : undefined;
      if (negated?.[1].type === "boolean" && token.value === undefined) continue;
      const known = names.get(token.name);
      if (!known) throw usage(`unknown option ${token.rawName}${suggest(token.name, [...names.keys()])}`);
      checkValue(known[0], known[1], token.value, token.inlineValue === true);
    }
  }
  for (const [name, arg] of Object.entries(args)) {
    if (arg.type !== "positional" || arg.required === false || arg.default !== undefined) continue;
    if (positionals === 0) throw usage(`<${name}> is missing`);
    positionals -= 1;
  }
}

/** A whole number of an option, within its limits; limits default to 0 and the largest safe integer. */
export function parseInteger(
  option: string,
  text: string,
  limits: { min?: number; max?: number } = {},
): number {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = limits;
  const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw usage(`--${option} takes a whole number from ${min} to ${max}, got "${text}"`);
}

/** A channel of an image: its number from 0, or its name; a name of digits alone, such as 488, is found by either. */
export function parseChannel(option: string, text: string): number | string {
  return /^[+-]?\d+$/.test(text) ? parseInteger(option, text) : text;
}

/** A number of an option, within its limits; limits default to any finite number. */
export function parseNumber(
  option: string,
  text: string,
  limits: { min?: number; max?: number } = {},
): number {
  const { min = -Number.MAX_VALUE, max = Number.MAX_VALUE } = limits;
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (value >= min && value <= max) return value;
  const from = limits.min === undefined ? "" : ` from ${min}`;
  const to = limits.max === undefined ? "" : ` up to ${max}`;
  throw usage(`--${option} takes a number${from}${to}, got "${text}"`);
}

/** ` (did you mean --steps?)`, or nothing. */
export function suggest(word: string, known: readonly string[], prefix = "--"): string {
  const meant = nearest(word, known);
  return meant === undefined ? "" : ` (did you mean ${meant.length === 1 ? "-" : prefix}${meant}?)`;
}

type Names = ReadonlyMap<string, readonly [string, ArgDef]>;

function tokenize(words: readonly string[], names: Names) {
  const options: Record<string, { type: "string" | "boolean"; short?: string }> = {};
  for (const [spelling, [name, arg]] of names) {
    const type = arg.type === "boolean" ? "boolean" : "string";
    if (spelling.length === 1) options[name] = { type, short: spelling };
    else options[spelling] ??= { type };
  }
  return parseArgs({ args: [...words], options, strict: false, allowPositionals: true, tokens: true }).tokens;
}

function checkValue(name: string, arg: ArgDef, value: string | undefined, inline: boolean): void {
  if (arg.type === "boolean") {
    if (value !== undefined) throw usage(`--${name} takes no value, got "${value}"`);
    return;
  }
  const looksLikeOption = !inline && value !== undefined && /^--?[A-Za-z]/.test(value);
  if (value === undefined || value === "" || looksLikeOption) throw usage(`--${name} needs a value`);
  if (arg.type === "enum" && arg.options && !arg.options.includes(value)) {
    const meant = suggest(value, arg.options, "");
    throw usage(`--${name} is one of ${arg.options.join(", ")}, got "${value}"${meant}`);
  }
}

function aliasesOf(arg: ArgDef): readonly string[] {
  const alias = "alias" in arg ? arg.alias : undefined;
  return alias === undefined ? [] : typeof alias === "string" ? [alias] : alias;
}

function usage(message: string): CommandError {
  return new CommandError(message, exitCodes.usage);
}
