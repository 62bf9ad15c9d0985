// YAML of a configuration, in bounded time and memory. The library's check for repeated keys is quadratic and its parser
// recursive, so a text has a length limit; an alias may stand for a collection that contains it (YAML 1.2.2, section 3.1.1),
// which no tree can represent, so what was parsed has a limit of depth and of size.

import { parse } from "yaml";

/** A configuration of every preset is below 2 KiB. */
const mostBytes = 32 * 1024;
const mostLevels = 64;
const mostValues = 100_000;

/** Parses one document as plain values. @throws Error whose message is one line without the name of the file. */
export function parseYaml(text: string): unknown {
  if (Buffer.byteLength(text) > mostBytes) throw new Error(`is longer than ${mostBytes / 1024} KiB`);
  let tree: unknown;
  try {
    tree = parse(text, { logLevel: "error" });
  } catch (cause) {
    throw new Error(reasonOf(cause as Error), { cause });
  }
  checkSize(tree);
  return tree;
}

function reasonOf({ message }: Error): string {
  if (/call stack/.test(message)) return tooDeep;
  if (/alias count/.test(message)) return "its aliases (*name) stand for too many values";
  return message.split("\n")[0]!;
}

const tooDeep = `contains itself by an alias, or is nested more than ${mostLevels} levels deep`;

function checkSize(tree: unknown): void {
  let values = 0;
  const visit = (value: unknown, level: number): void => {
    if (level > mostLevels) throw new Error(tooDeep);
    if (++values > mostValues) throw new Error(`has more than ${mostValues} values`);
    if (typeof value === "object" && value !== null)
      for (const item of Object.values(value)) visit(item, level + 1);
  };
  visit(tree, 0);
}
