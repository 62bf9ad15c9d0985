// Words that the data commands share: options that must be given, and the seed. What is wrong with them is an error of
// usage.
import { parseInteger } from "../../cli/arguments.ts";
import { CommandError, exitCodes } from "../../cli/errors.ts";

/** The value of an option. @throws CommandError (usage) that says what is missing. */
export function requireOption(option: string, value: string | undefined, what: string): string {
  if (value === undefined) throw new CommandError(`${option} is missing: name ${what}`, exitCodes.usage);
  return value;
}

/** The seed of what is chosen at random. */
export function parseSeed(seed: string): number {
  return parseInteger("seed", seed);
}
