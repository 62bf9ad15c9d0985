// Failures as the command line prints them: one clear line and an exit code, never a stack.
// Errors of the other packages are known by their `kind`, older ones by their `name`, so that this file depends on none of
// them; errors of the operating system by their `code`. DEBUG=proteoscope prints the stacks as well.
import type { ErrorKind, ProteoscopeError } from "@proteoscope/formats";
import { printLines } from "./print.ts";

/** The exit codes of the command line, by what they mean. */
export const exitCodes = {
  ok: 0,
  failure: 1,
  usage: 2,
  badData: 3,
  notFound: 4,
  noDevice: 5,
  interrupted: 130,
} as const;

/** One of the exit codes of the command line. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** A failure that a command foresaw: its message is complete, its exit code chosen. */
export class CommandError extends Error {
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode, options?: ErrorOptions) {
    super(message, options);
    this.name = "CommandError";
    this.exitCode = exitCode;
  }
}

/** What is reported of whatever fails after the user has interrupted. */
export function interruption(): CommandError {
  return new CommandError("interrupted", exitCodes.interrupted);
}

export interface Failure {
  /** One line, without the program's name. */
  readonly message: string;
  readonly exitCode: ExitCode;
}

const codesByKind: Readonly<Record<ErrorKind, ExitCode>> = {
  usage: exitCodes.usage,
  data: exitCodes.badData,
  notFound: exitCodes.notFound,
  device: exitCodes.noDevice,
  failure: exitCodes.failure,
};

/** The options that set the fields of a request, as one would give them. */
const optionsByField: Readonly<Record<string, string>> = {
  nucleusChannel: "--nucleus-channel",
  nuclei: "--nucleus-channel, --pixel-size",
  stains: "--stain",
  nucleusZ: "--nucleus-z",
  nucleusTime: "--nucleus-time",
  pixelSizeMicrons: "--pixel-size",
  proteinChannel: "--protein-channel",
  scaling: "--scaling",
  steps: "--steps",
  resume: "--resume",
  cellLine: "--cell-line",
  expression: "--expression",
  windowResidues: "--window",
  output: "-o",
  fractions: "--fractions",
  channels: "--channel",
  allowNucleotides: "--allow-nucleotides",
  organism: "--organism",
  model: "--model",
  port: "--port",
  acceptLicence: "--accept-licence",
  update: "--update",
};

const codesByName: Readonly<Record<string, ExitCode>> = {
  CLIError: exitCodes.usage,
  UsageError: exitCodes.usage,
  ConfigError: exitCodes.usage,
  ZodError: exitCodes.usage,
  YAMLParseError: exitCodes.usage,
  FormatError: exitCodes.badData,
  SequenceError: exitCodes.badData,
  CheckpointError: exitCodes.badData,
  WeightsError: exitCodes.badData,
  TensorError: exitCodes.badData,
  NotFoundError: exitCodes.notFound,
  DeviceError: exitCodes.noDevice,
  AbortError: exitCodes.interrupted,
};

const systemErrors: Readonly<Record<string, readonly [reason: string, exitCode: ExitCode]>> = {
  ENOENT: ["no such file or folder", exitCodes.notFound],
  ENOTDIR: ["a part of the path is a file, not a folder", exitCodes.notFound],
  EISDIR: ["is a folder, a file is needed", exitCodes.badData],
  ERR_FS_FILE_TOO_LARGE: ["is larger than 2 GiB: cut it into parts", exitCodes.badData],
  EACCES: ["permission denied", exitCodes.failure],
  EPERM: ["permission denied", exitCodes.failure],
  EROFS: ["the file system is read-only", exitCodes.failure],
  ENOSPC: ["the disk is full", exitCodes.failure],
  EDQUOT: ["the disk quota is used up", exitCodes.failure],
  EEXIST: ["exists already", exitCodes.failure],
  EMFILE: ["too many open files", exitCodes.failure],
};

/** An error of the operating system in words, by its code. */
export function systemReason(code: string): string | undefined {
  return systemErrors[code]?.[0];
}

/** Prints what was thrown as one line, with its stack where DEBUG asks for it; returns the exit code. */
export function printFailure(
  error: unknown,
  {
    stderr,
    env,
  }: { stderr: Parameters<typeof printLines>[0]; env: Readonly<Record<string, string | undefined>> },
): ExitCode {
  const { message, exitCode } = describeFailure(error);
  printLines(stderr, `proteoscope: ${message}`);
  if (env.DEBUG?.split(",").includes("proteoscope") && error instanceof Error)
    printLines(stderr, ...(error.stack ?? "").split("\n"));
  return exitCode;
}

/** Turns anything thrown into one line and an exit code. */
export function describeFailure(error: unknown): Failure {
  if (!(error instanceof Error)) return { message: oneLine(String(error)), exitCode: exitCodes.failure };
  if (error instanceof CommandError) return { message: oneLine(error.message), exitCode: error.exitCode };
  const { code, path } = error as NodeJS.ErrnoException;
  const system = typeof code === "string" ? systemErrors[code] : undefined;
  if (system) {
    const [reason, exitCode] = system;
    return { message: path === undefined ? oneLine(error.message) : `${path}: ${reason}`, exitCode };
  }
  const { kind, field } = error as Partial<ProteoscopeError>;
  const exitCode = kind === undefined ? codesByName[error.name] : codesByKind[kind];
  if (exitCode === exitCodes.interrupted) return { message: "interrupted", exitCode };
  const option = field === undefined ? undefined : optionsByField[field];
  const advice = option === undefined ? "" : ` (${option})`;
  if (exitCode !== undefined) return { message: oneLine(`${messageOf(error)}${advice}`), exitCode };
  if (
    error instanceof RangeError &&
    /^(Invalid typed array length|Array buffer allocation failed)/.test(error.message)
  )
    return {
      message: `a size that was asked for is too large for the memory (${error.message})`,
      exitCode: exitCodes.failure,
    };
  return { message: oneLine(`${error.name}: ${error.message}`), exitCode: exitCodes.failure };
}

// zod lists its issues and prints them as JSON: a line with the first ones reads better.
function messageOf(error: Error): string {
  const { issues } = error as { issues?: { path: PropertyKey[]; message: string }[] };
  if (error.name !== "ZodError" || !Array.isArray(issues)) return error.message;
  const shown = issues
    .slice(0, 3)
    .map(({ path, message }) => `${path.map(String).join(".") || "config"}: ${message}`);
  return shown.join("; ") + (issues.length > 3 ? ` and ${issues.length - 3} more` : "");
}

function oneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, "; ");
}
