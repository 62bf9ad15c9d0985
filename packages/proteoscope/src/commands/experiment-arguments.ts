// What the commands of experiments share: the one protein that they take, the names of their files, and what is said of the
// parts that an interrupted run leaves.

import type { CommandContext } from "../cli/command.ts";
import { CommandError, exitCodes } from "../cli/errors.ts";
import { printLines } from "../cli/print.ts";
import type { PartsFolder } from "../experiment-parts.ts";
import { type NamedProtein, resolveProteins } from "../proteins.ts";

/** How the protein is found and read. */
interface ProteinOptions {
  readonly model?: string | undefined;
  readonly organism?: string | undefined;
  readonly "allow-nucleotides"?: boolean | undefined;
}

/** The protein of an experiment. @throws CommandError (usage) for a file of several, FormatError. */
export async function readOneProtein(
  word: string,
  args: ProteinOptions,
  context: Pick<CommandContext, "stdin" | "signal" | "env">,
): Promise<NamedProtein> {
  const { proteins } = await resolveProteins([word], context, {
    ...{ strict: true, allowNucleotides: args["allow-nucleotides"] === true },
    ...{ model: args.model, organism: args.organism },
  });
  if (proteins.length !== 1)
    throw new CommandError(
      `an experiment takes one protein, ${word} holds ${proteins.length}`,
      exitCodes.usage,
    );
  return proteins[0]!;
}

/** A protein's id as the beginning of file names. */
export function experimentFileName(id: string): string {
  const safe = id
    .replaceAll(/[^A-Za-z0-9_.-]+/g, "_")
    .replace(/^[.-]+/, "")
    .slice(0, 80);
  return safe === "" ? "protein" : safe;
}

/** Runs work in parts: says what is taken over from an earlier run, and what an interrupted one leaves. */
export async function withParts<Result>(
  parts: PartsFolder,
  stderr: CommandContext["stderr"],
  work: () => Promise<Result>,
): Promise<Result> {
  const found = await parts.count();
  if (found > 0) printLines(stderr, `going on from ${found} parts of an earlier run`);
  try {
    return await work();
  } catch (error) {
    const left = await parts.count();
    if (left === 0) await parts.remove();
    else printLines(stderr, `${left} parts are kept: the same command goes on from them`);
    throw error;
  }
}
