// What the commands of experiments share: their options, the one protein that they take, and what is said of the parts
// that an interrupted run leaves.

import type { CellChoice } from "@proteoscope/microscope/experiments";
import type { ArgsDef } from "citty";
import type { CommandContext } from "../../cli/command.ts";
import { CommandError, exitCodes } from "../../cli/errors.ts";
import { printLines } from "../../cli/print.ts";
import { digestOf, type PartsFolder } from "../../experiment-parts.ts";
import { type NamedProtein, resolveProteins } from "../../proteins.ts";
import { cellArgs } from "./cell-arguments.ts";
import { modelArgs } from "./model-argument.ts";
import { proteinArgs } from "./protein-arguments.ts";

/** The options that experiments share; `output` is the default of the output folder. */
export const experimentArgs = <Output extends string>(output: Output) =>
  ({
    ...cellArgs,
    organism: proteinArgs.organism,
    "allow-nucleotides": proteinArgs["allow-nucleotides"],
    ...modelArgs,
    output: {
      ...{ type: "string", alias: "o", valueHint: "folder", default: output },
      description: "Output folder",
    },
  }) as const satisfies ArgsDef;

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

/** Digest of the nuclei of an experiment, for the name of its parts. */
export function nucleiDigest({ nuclei }: Pick<CellChoice, "nuclei">): string {
  return digestOf(nuclei.map(({ distance }) => distance));
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
