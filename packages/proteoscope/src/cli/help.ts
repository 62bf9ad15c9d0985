// The text of `--help`: citty's usage, then complete examples, which say more than any list of options.
// citty colours by rules of its own, so the colours come off unless the stream takes them.
import { stripVTControlCharacters } from "node:util";
import { renderUsage } from "citty";
import { type Command, type CommandGroup, isGroup } from "./command.ts";

/** The help of one command; `parentName` is what stands before its name on the command line. */
export async function renderHelp(
  command: Command | CommandGroup,
  parentName: string | undefined,
  options: { color: boolean },
): Promise<string> {
  const usage = await (parentName === undefined
    ? renderUsage(command)
    : renderUsage(command, { meta: { name: parentName } }));
  const examples = isGroup(command) || command.examples.length === 0 ? "" : renderExamples(command.examples);
  const text = `${usage.trimEnd()}\n${examples}`;
  return options.color ? text : stripVTControlCharacters(text);
}

function renderExamples(examples: readonly string[]): string {
  return `\nEXAMPLES\n\n${examples.map((example) => `  ${example}\n`).join("")}`;
}
