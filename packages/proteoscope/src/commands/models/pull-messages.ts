// What the pull of a model of the Hub and that of a release share: messages of the plan and of progress, the endpoint, and what
// to do about failures.

import { ProteoscopeError } from "@proteoscope/formats";
import type { PullEvents, PullPlan } from "@proteoscope/models/node";
import type { CommandContext } from "../../cli/command.ts";
import { CommandError, exitCodes } from "../../cli/errors.ts";
import { printLines } from "../../cli/print.ts";
import { type Progress, startProgress } from "../../cli/progress.ts";

/** "cell-diff-hpa: 6.86 GB to fetch into FOLDER, 66.1 GB free" */
export function describePlan(
  name: string,
  { folder, bytes, freeBytes }: Pick<PullPlan, "folder" | "bytes" | "freeBytes">,
): string {
  return `${name}: ${describeBytes(bytes)} to fetch into ${folder}, ${describeBytes(freeBytes)} free`;
}

/** Bytes in MB or GB of a thousand. */
export function describeBytes(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}

/** The progress line of a pull. */
export function pullProgress(name: string, stream: CommandContext["stderr"]) {
  let progress: Progress | undefined;
  const show: NonNullable<PullEvents["onProgress"]> = (bytes, totalBytes, path) => {
    // The first report says what an interrupted pull left.
    progress ??= startProgress(`pull ${name}`, toMegabytes(totalBytes), {
      ...{ stream, unit: "MB", from: toMegabytes(bytes) },
    });
    progress.update(toMegabytes(bytes), path);
  };
  return { show, close: () => progress?.close() };
}

/** Says that a pull waits for its next attempt, so that nobody takes the pause for work. */
export function sayPause(stream: CommandContext["stderr"]) {
  return (reason: string, pauseMs: number): void =>
    printLines(stream, `${reason}; next attempt in ${Math.ceil(pauseMs / 1000)} s`);
}

/** Rethrows with what to do about it. @throws CommandError or the error itself. */
export function addAdvice(error: unknown): never {
  const advice = error instanceof ProteoscopeError ? advices[error.field ?? ""] : undefined;
  if (advice === undefined) throw error;
  throw new CommandError(`${(error as Error).message}; ${advice}`, exitCodes.failure, { cause: error });
}

/** What to do about a failure, by the field of the request that is at fault. */
const advices: Readonly<Record<string, string>> = {
  token: "set HF_TOKEN to a token that may read it",
  endpoint: "--endpoint names a mirror, --offline takes what is here",
  hubFolder: "HF_HUB_CACHE names the folder of models of the Hub, XDG_CACHE_HOME that of all others",
};

/** Megabytes, rounded up to a tenth. */
export function toMegabytes(bytes: number): number {
  return Math.ceil(bytes / 1e5) / 10;
}

/** An address without its last slash. @throws CommandError (usage) for what is none. */
export function parseEndpoint(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol))
    throw new CommandError(
      `the endpoint "${text}" is no http address, such as https://huggingface.co`,
      exitCodes.usage,
    );
  return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
}

/** As huggingface_hub reads its switches. */
export function isTrue(value: string | undefined): boolean {
  return ["1", "on", "yes", "true"].includes((value ?? "").toLowerCase());
}
