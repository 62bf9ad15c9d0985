// What the text of every file must keep: an opening comment, a length that fits in the head, no left-over marks,
// no path that exists on one machine only. Each rule is a function from a file to its violations.
import type { Violation } from "./import-rules.ts";
import type { SourceFile } from "./repository.ts";

export const longestFileLines = 350;

const generated = /(\.gen|_pb|[-_.]generated)\.ts$/;

/** A source file (tests aside, whose names are sentences) says in two lines or more what it is and why. */
export function checkOpeningComment({ path, text }: SourceFile): Violation[] {
  if (path.endsWith(".test.ts") || !/\.(m?ts|mjs)$/.test(path)) return [];
  const lines = text.replace(/^#!.*\n/, "").split("\n");
  const first = lines[0] ?? "";
  let count = 0;
  if (first.startsWith("//")) while (lines[count]?.startsWith("//")) count += 1;
  else if (first.startsWith("/*")) count = lines.findIndex((line) => line.includes("*/")) + 1;
  return count >= 2
    ? []
    : [{ path, line: 1, rule: "a source file opens with a comment of at least 2 lines" }];
}

/** No source file is longer than `longestFileLines`, generated code aside. */
export function checkLength({ path, text }: SourceFile): Violation[] {
  if (!/\.(m?ts|mjs)$/.test(path) || generated.test(path)) return [];
  const lines = countLines(text);
  if (lines <= longestFileLines) return [];
  return [
    { path, line: longestFileLines + 1, rule: `at most ${longestFileLines} lines per file (has ${lines})` },
  ];
}

/** No folder of one person's machine, no mark of unfinished work. */
export function checkWords({ path, text }: SourceFile): Violation[] {
  if (path === "package-lock.json") return [];
  const found: Violation[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const folder = machinePath.exec(line)?.[2];
    if (folder) found.push({ path, line: index + 1, rule: `no absolute path of a machine (/${folder}/...)` });
    const mark = unfinishedMark.exec(line)?.[1];
    if (mark) found.push({ path, line: index + 1, rule: `no ${mark}: do it, or open an issue` });
  }
  return found;
}

/** Unit tests share a process (vitest.config.ts), in which a module that one file replaces stays as another has loaded it. */
export function checkSharedProcess({ path, text }: SourceFile): Violation[] {
  if (
    !/^(packages\/(?!formats\/)|scripts\/|bench\/).*\.test\.ts$/.test(path) ||
    path.endsWith(".slow.test.ts")
  )
    return [];
  return text
    .split("\n")
    .flatMap((line, index) =>
      replacedModule.test(line)
        ? [{ path, line: index + 1, rule: "a unit test replaces no module: give the function what it uses" }]
        : [],
    );
}

/** Lines of a text, a final line break not counted as one more. */
export function countLines(text: string): number {
  return text === "" ? 0 : text.replace(/\n$/, "").split("\n").length;
}

// Put together from parts, so that this file keeps its own rules.
const machinePath = new RegExp(`(^|[\\s"'\`(=:<])/(${["work", "tmp", "home", "root", "Users"].join("|")})/`);
const replacedModule = /\bvi\.(do)?(Mock|mock)\(/;
const unfinishedMark = new RegExp(
  `\\b(${["TO", "FIX", "XX"].map((part, i) => part + ["DO", "ME", "X"][i]).join("|")})\\b`,
);
