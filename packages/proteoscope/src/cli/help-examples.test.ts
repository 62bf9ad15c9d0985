// Every example in the help of every command has words that the command takes. What they do is held by the tests of the
// commands, and for experiments by tests/e2e/help-examples.test.ts, which runs them.
import { describe, expect, it } from "vitest";
import { mainCommand } from "../cli.ts";
import { checkArguments } from "./arguments.ts";
import { type Command, type CommandGroup, isGroup } from "./command.ts";

interface Example {
  readonly path: readonly string[];
  readonly command: Command;
  readonly line: string;
}

async function examplesOf(group: CommandGroup, path: readonly string[]): Promise<Example[]> {
  const found: Example[] = [];
  for (const [name, load] of Object.entries(group.subCommands)) {
    const command = await load();
    if (isGroup(command)) found.push(...(await examplesOf(command, [...path, name])));
    else found.push(...command.examples.map((line) => ({ path: [...path, name], command, line })));
  }
  return found;
}

/** The words of a line as a shell gives them, without variables before the command and redirection behind it. */
function wordsOf(line: string): string[] {
  const words = [...line.matchAll(/'([^']*)'|"([^"]*)"|\S+/g)].map(
    ([word, single, double]) => single ?? double ?? word,
  );
  const first = words.indexOf("proteoscope");
  const redirection = words.indexOf(">");
  return words.slice(first + 1, redirection < 0 ? undefined : redirection);
}

const examples = await examplesOf(mainCommand, []);

describe("the examples of the help", () => {
  it("are there for every command", () => {
    expect(new Set(examples.map(({ path }) => path[0]))).toEqual(
      new Set(Object.keys(mainCommand.subCommands)),
    );
  });

  it.each(examples.map((example) => [example.line, example] as const))("%s", (line, { path, command }) => {
    const words = wordsOf(line);
    const isPrefix = path.every((name, index) => words[index] === name);
    // Examples may show what other commands do with a result.
    if (!isPrefix) return expect(line).toMatch(/^proteoscope /);
    checkArguments(words.slice(path.length), command.args as never, command.takesMany);
  });
});
