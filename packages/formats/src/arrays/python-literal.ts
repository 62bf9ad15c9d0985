// The handful of Python literals that a .npy header holds: dict, tuple, list, string, int, True, False, None.
// A parser of its own grammar, so that nothing else of Python can be expressed.

import { FormatError } from "../errors.ts";
import { printable } from "../printable.ts";

export type PythonLiteral = string | number | boolean | null | PythonLiteral[] | Map<string, PythonLiteral>;

const maxDepth = 8;

/** Parses one literal; `format` names the reader in errors. Throws FormatError. */
export function parsePythonLiteral(text: string, format: string): PythonLiteral {
  const scanner = new Scanner(text, format);
  const result = parseValue(scanner, 0);
  return scanner.isAtEnd() ? result : scanner.refuse();
}

function parseValue(scanner: Scanner, depth: number): PythonLiteral {
  if (depth > maxDepth) return scanner.refuse();
  const next = () => parseValue(scanner, depth + 1);
  if (scanner.takeMark("(")) return parseItems(scanner, ")", next);
  if (scanner.takeMark("[")) return parseItems(scanner, "]", next);
  if (scanner.takeMark("{")) {
    const entry = (): [string, PythonLiteral] => {
      const key = next();
      if (typeof key !== "string" || !scanner.takeMark(":")) return scanner.refuse();
      return [key, next()];
    };
    return new Map(parseItems(scanner, "}", entry));
  }
  const quoted = scanner.take(/'[^'\\\n]*'|"[^"\\\n]*"/y);
  if (quoted !== undefined) return quoted.slice(1, -1);
  const digits = scanner.take(/-?\d+/y);
  if (digits !== undefined) {
    scanner.take(/L/y); // Python 2 wrote long integers as 3L
    return Number(digits);
  }
  const word = scanner.take(/True\b|False\b|None\b/y);
  return word === undefined ? scanner.refuse() : word === "None" ? null : word === "True";
}

function parseItems<T>(scanner: Scanner, close: string, item: () => T): T[] {
  const list: T[] = [];
  while (!scanner.takeMark(close)) {
    list.push(item());
    if (scanner.takeMark(",")) continue;
    if (!scanner.takeMark(close)) scanner.refuse();
    break;
  }
  return list;
}

/** A text and the place up to which it is read. */
class Scanner {
  private position = 0;

  constructor(
    private readonly text: string,
    private readonly format: string,
  ) {}

  /** Takes what a sticky pattern finds at this place. */
  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.position;
    const found = pattern.exec(this.text)?.[0];
    this.position += found?.length ?? 0;
    return found;
  }

  /** Takes white space, then a character if it is there. */
  takeMark(mark: string): boolean {
    this.take(/\s*/y);
    if (this.text[this.position] !== mark) return false;
    this.position++;
    return true;
  }

  isAtEnd(): boolean {
    this.take(/\s*/y);
    return this.position === this.text.length;
  }

  refuse(): never {
    const found = `"${printable(this.text.slice(this.position, this.position + 12))}"`;
    const what = `header is not a plain Python dict: unexpected ${found} at character ${this.position}`;
    throw new FormatError(this.format, what);
  }
}
