// The text of `--help`: citty's usage, then notes and complete examples, which say more than any list of options.
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
  const { notes, examples } = isGroup(command) ? { notes: [], examples: [] } : command;
  const text = `${usage.trimEnd()}\n${section("NOTES", notes)}${section("EXAMPLES", examples)}`;
  return options.color ? text : stripVTControlCharacters(text);
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? "" : `\n${title}\n\n${lines.map((line) => `  ${line}\n`).join("")}`;
}
