// The command line: finds the command, checks its words, runs it, and turns whatever happens into an exit code.
// Results go to standard output, messages for people to standard error. Commands are loaded when they are asked for,
// so that `--version` does not wait for the runtime of the networks.
import { runCommand } from "citty";
import { checkArguments, suggest } from "./cli/arguments.ts";
import {
  type Command,
  type CommandContext,
  type CommandGroup,
  defineGroup,
  isGroup,
  sharedArgs,
} from "./cli/command.ts";
import { CommandError, type ExitCode, exitCodes, interruption, printFailure } from "./cli/errors.ts";
import { renderHelp } from "./cli/help.ts";
import { runInProcess } from "./cli/process.ts";
import { packageVersion } from "./package-files.ts";

/** All commands by name. */
export const mainCommand: CommandGroup = defineGroup(
  "proteoscope",
  "A virtual microscope: from a protein's sequence and a picture of nuclei to fluorescence images",
  {
    generate: () => import("./commands/generate.ts").then((module) => module.generateCommand),
    localize: () => import("./commands/localize.ts").then((module) => module.localizeCommand),
    compare: () => import("./commands/compare.ts").then((module) => module.compareCommand),
    retrieve: () => import("./commands/retrieve.ts").then((module) => module.retrieveCommand),
    mutate: () => import("./commands/mutate.ts").then((module) => module.mutateCommand),
    scan: () => import("./commands/scan.ts").then((module) => module.scanCommand),
    screen: () => import("./commands/screen/screen.ts").then((module) => module.screenCommand),
    embed: () => import("./commands/embed.ts").then((module) => module.embedCommand),
    serve: () => import("./commands/serve/serve.ts").then((module) => module.serveCommand),
    worker: () => import("./commands/serve/worker.ts").then((module) => module.workerCommand),
    "localize-image": () =>
      import("./commands/localize-image.ts").then((module) => module.localizeImageCommand),
    data: () => import("./commands/data/data.ts").then((module) => module.dataCommand),
    train: () => import("./commands/train.ts").then((module) => module.trainCommand),
    study: () => import("./commands/study.ts").then((module) => module.studyCommand),
    calibrate: () => import("./commands/calibrate.ts").then((module) => module.calibrateCommand),
    sweep: () => import("./commands/sweep.ts").then((module) => module.sweepCommand),
    evaluate: () => import("./commands/evaluate/evaluate.ts").then((module) => module.evaluateCommand),
    export: () => import("./commands/export/export.ts").then((module) => module.exportCommand),
    models: () => import("./commands/models/models.ts").then((module) => module.modelsCommand),
    doctor: () => import("./commands/doctor.ts").then((module) => module.doctorCommand),
  },
);

/** Runs one command line and resolves to its exit code; nothing is thrown. */
export async function runCommandLine(
  words: readonly string[],
  commandContext: CommandContext,
  main: CommandGroup = mainCommand,
): Promise<ExitCode> {
  const { stdout, stderr, env, signal } = commandContext;
  try {
    if (words[0] === "--version" || words[0] === "-V") {
      stdout.write(`${packageVersion()}\n`);
      return exitCodes.ok;
    }
    const { command, parentName, rest, asksForHelp } = await findCommand(main, words);
    const color = (stream: CommandContext["stdout"]) => ({ color: stream.isTTY === true && !env.NO_COLOR });
    if (asksForHelp) {
      stdout.write(await renderHelp(command, parentName, color(stdout)));
      return exitCodes.ok;
    }
    if (isGroup(command)) {
      checkArguments(rest, sharedArgs, false);
      stderr.write(await renderHelp(command, parentName, color(stderr)));
      return exitCodes.usage;
    }
    checkArguments(rest, command.args as Parameters<typeof checkArguments>[1], command.takesMany);
    const { result } = await runCommand(command, { rawArgs: [...rest], data: commandContext });
    return (result as ExitCode | undefined) ?? exitCodes.ok;
  } catch (error) {
    return printFailure(signal.aborted ? interruption() : error, commandContext);
  }
}

/** Runs the process with its words, and ends it. */
export function runProcess(words: readonly string[], main: CommandGroup = mainCommand): Promise<never> {
  return runInProcess((commandContext) => runCommandLine(words, commandContext, main));
}

interface FoundCommand {
  readonly command: Command | CommandGroup;
  readonly parentName: string | undefined;
  /** The words that are left for the command; options before its name are its own. */
  readonly rest: readonly string[];
  readonly asksForHelp: boolean;
}

async function findCommand(main: CommandGroup, words: readonly string[]): Promise<FoundCommand> {
  const end = words.includes("--") ? words.indexOf("--") : words.length;
  const asksForHelp = words.slice(0, end).some((word) => word === "--help" || word === "-h");
  let command: Command | CommandGroup = main;
  let parentName: string | undefined;
  let name = "proteoscope";
  let rest = [...words];
  while (isGroup(command)) {
    const at = findName(rest);
    const word = rest[at];
    if (word === undefined) break;
    const load: (() => Promise<Command | CommandGroup>) | undefined = Object.hasOwn(command.subCommands, word)
      ? command.subCommands[word]
      : undefined;
    if (!load) {
      const known = Object.keys(command.subCommands);
      const advice = suggest(word, known, "") || ` (\`${name} --help\` lists the commands)`;
      throw new CommandError(`unknown command "${word}"${advice}`, exitCodes.usage);
    }
    rest = [...rest.slice(0, at), ...rest.slice(at + 1)];
    command = await load();
    parentName = name;
    name = `${name} ${word}`;
  }
  return { command, parentName, rest, asksForHelp };
}

// The first word that is neither an option nor the value of a shared one; -1 if there is none.
function findName(words: readonly string[]): number {
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i]!;
    if (word === "--") return -1;
    if (!word.startsWith("-")) return i;
    if (word === "--seed" || word === "--device") i += 1;
  }
  return -1;
}
