// What a command is: its arguments as citty takes them, examples for its help, and a function that does the work.
// Every command shares `--json`, `--seed` and `--device`, and gets its streams and its abort signal from outside,
// so that it can be run, and tested, without a process of its own.
import type { Readable } from "node:stream";
import { parseArgs } from "node:util";
import type { ArgsDef, CommandDef, ParsedArgs } from "citty";
import type { ExitCode } from "./errors.ts";

export const devices = ["auto", "cpu", "webgpu", "cuda"] as const;

/** How long a command may take to end after an interrupt. */
const graceMs = 3000;

/** The options that every command understands. */
export const sharedArgs = {
  json: { type: "boolean", description: "Print one JSON document on standard output" },
  seed: { type: "string", valueHint: "number", default: "0", description: "Seed of every random number" },
  device: { type: "enum", options: [...devices], default: "auto", description: "Where the networks run" },
} as const satisfies ArgsDef;

/** What surrounds a command while it runs. */
export interface CommandContext {
  /** Where `-` is read from. */
  readonly stdin: Readable;
  /** Results go here. */
  readonly stdout: NodeJS.WritableStream & { isTTY?: boolean; columns?: number };
  /** Messages for people go here: progress, warnings, errors. */
  readonly stderr: NodeJS.WritableStream & { isTTY?: boolean; columns?: number };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted when the user interrupts. */
  readonly signal: AbortSignal;
}

export interface Command extends CommandDef {
  readonly examples: readonly string[];
  readonly notes: readonly string[];
  /** The command takes any number of positionals beyond those it names. */
  readonly takesMany: boolean;
}

export interface CommandDefinition<T extends ArgsDef> {
  readonly name: string;
  readonly description: string;
  /** The command's own arguments; the shared options are added. */
  readonly args: T;
  /** Complete command lines for `--help`. */
  readonly examples: readonly string[];
  /** Lines of `--help` behind the options: what the output means. */
  readonly notes?: readonly string[];
  readonly takesMany?: boolean;
  /** String options that may be given several times; the command sees their values with commas between them. */
  readonly repeated?: readonly (keyof T & string)[];
  /** The command saves its work at an interrupt, and takes the time that it needs; others are ended after three seconds. */
  readonly savesAtInterrupt?: boolean;
  /** Does the work; an exit code other than 0 is returned, or thrown as a `CommandError`. */
  run(
    args: ParsedArgs<T & typeof sharedArgs>,
    commandContext: CommandContext,
    /** The words as they were given, for an option that may be repeated: `args` has its last value. */
    words: readonly string[],
  ): Promise<ExitCode | undefined>;
}

/** Makes a command of its definition. */
export function defineCommand<const T extends ArgsDef>(definition: CommandDefinition<T>): Command {
  const { name, description, args, examples, notes = [] } = definition;
  const { takesMany = false, savesAtInterrupt = false, repeated = [] } = definition;
  return {
    meta: { name, description },
    args: { ...args, ...sharedArgs },
    examples,
    notes,
    takesMany,
    run: (context) => {
      const parsed = { ...context.args, ...joinRepeated(context.rawArgs, repeated) } as ParsedArgs<
        T & typeof sharedArgs
      >;
      const commandContext = context.data as CommandContext;
      const work = definition.run(parsed, commandContext, context.rawArgs);
      return savesAtInterrupt ? work : untilInterrupted(work, commandContext.signal);
    },
  };
}

/** The values of options that were given at all, joined by commas. */
function joinRepeated(words: readonly string[], names: readonly string[]): Record<string, string> {
  const options = Object.fromEntries(
    names.map((name) => [name, { type: "string", multiple: true } as const]),
  );
  const { values } = parseArgs({ args: [...words], options, strict: false, allowPositionals: true });
  return Object.fromEntries(
    names.flatMap((name) => (values[name] === undefined ? [] : [[name, [values[name]].flat().join(",")]])),
  );
}

/** The work, or a while after an interrupt the interrupt: not all that is slow listens to it. */
function untilInterrupted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const interrupt = (): void => {
      timer = setTimeout(() => reject(signal.reason), graceMs);
    };
    if (signal.aborted) interrupt();
    else signal.addEventListener("abort", interrupt, { once: true });
    work.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      signal.removeEventListener("abort", interrupt);
    });
  });
}

export interface CommandGroup extends CommandDef {
  readonly subCommands: Readonly<Record<string, () => Promise<Command | CommandGroup>>>;
}

/** Makes a group of commands, each loaded when it is asked for. */
export function defineGroup(
  name: string,
  description: string,
  subCommands: CommandGroup["subCommands"],
): CommandGroup {
  return { meta: { name, description }, subCommands };
}

export function isGroup(command: Command | CommandGroup): command is CommandGroup {
  return command.subCommands !== undefined;
}
