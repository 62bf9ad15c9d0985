// The process around a command line: its streams, its signals, and what nobody caught, each of which ends in one line on
// standard error and an exit code. The process is ended, because a worker left by a failure must not keep it alive.
import type { CommandContext } from "./command.ts";
import {
  CommandError,
  type ExitCode,
  exitCodes,
  interruption,
  printFailure,
  systemReason,
} from "./errors.ts";

/**
 * Runs the work with the process's own streams. The first interrupt aborts the signal, so that the work stops and cleans
 * up; the second ends the process at once.
 */
export async function runInProcess(run: (context: CommandContext) => Promise<ExitCode>): Promise<never> {
  const { stdout, stderr, env } = process;
  const { signal } = listenToInterrupts();
  const fail = (error: unknown): never => {
    printFailure(signal.aborted ? interruption() : error, { stderr, env });
    process.exit(signal.aborted ? exitCodes.interrupted : exitCodes.failure);
  };
  // Where messages cannot be written, there is nobody to say it to.
  stderr.on("error", () => undefined);
  stdout.on("error", (error: NodeJS.ErrnoException) => {
    // A reader that has seen enough (`| head`) closes the pipe: that is no failure.
    if (error.code === "EPIPE") process.exit(exitCodes.ok);
    const reason = systemReason(error.code ?? "") ?? error.message;
    fail(new CommandError(`cannot write standard output: ${reason}`, exitCodes.failure, { cause: error }));
  });
  // Faults of the program or of a library; Node would print their stacks.
  process.on("uncaughtException", fail);
  process.on("unhandledRejection", fail);
  const exitCode = await run({
    ...{ stdout, stderr, env, signal },
    // Opened when it is asked for: some processes are started with none.
    get stdin() {
      return process.stdin;
    },
  });
  await new Promise<void>((resolve) => stdout.write("", () => resolve()));
  process.exit(exitCode);
}

function listenToInterrupts(): AbortController {
  const controller = new AbortController();
  const interrupt = (): void => {
    if (controller.signal.aborted) process.exit(exitCodes.interrupted);
    controller.abort();
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  return controller;
}
