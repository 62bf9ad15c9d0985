// A context for tests of commands: streams that record what is written, an environment of the test's own, and the
// controller behind the abort signal. Nothing here touches the process.
import { Readable, Writable } from "node:stream";
import type { CommandContext } from "../cli/command.ts";

export interface RecordedCommandContext {
  readonly commandContext: CommandContext;
  /** What was written so far. */
  readonly output: { stdout: string; stderr: string };
  readonly controller: AbortController;
}

/** A new context with the given environment variables and no others, and `input` on standard input. */
export function recordCommandContext(
  env: CommandContext["env"] = {},
  input: string | Uint8Array = "",
): RecordedCommandContext {
  const output = { stdout: "", stderr: "" };
  const recorder = (name: "stdout" | "stderr"): Writable =>
    new Writable({
      write(chunk, _encoding, done) {
        output[name] += String(chunk);
        done();
      },
    });
  const controller = new AbortController();
  const commandContext = {
    stdin: Readable.from([input]),
    stdout: recorder("stdout"),
    stderr: recorder("stderr"),
    env,
    signal: controller.signal,
  };
  return { commandContext, output, controller };
}
