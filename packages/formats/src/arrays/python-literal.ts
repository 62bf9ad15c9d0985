// The handful of Python literals that a .npy header holds: dict, tuple, list, string, int, True, False, None.
// A parser of its own grammar, so that nothing else of Python can be expressed.

import { FormatError } from "../errors.ts";
import { printable } from "../printable.ts";

export type PythonLiteral = string | number | boolean | null | PythonLiteral[] | Map<string, PythonLiteral>;

const maxDepth = 8;

/** Parses one literal; `format` names the reader in errors. Throws FormatError. */
export function parsePythonLiteral(text: string, format: string): PythonLiteral {
  let position = 0;

  const refuse = (): never => {
    const found = `"${printable(text.slice(position, position + 12))}"`;
    throw new FormatError(
      format,
      `header is not a plain Python dict: unexpected ${found} at character ${position}`,
    );
  };
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = position;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) position += found.length;
    return found;
  };
  const space = /\s*/y;
  const takeMark = (mark: string): boolean => {
    take(space);
    if (text[position] !== mark) return false;
    position++;
    return true;
  };

  const items = <T>(close: string, item: () => T): T[] => {
    const list: T[] = [];
    while (!takeMark(close)) {
      list.push(item());
      if (!takeMark(",")) {
        if (!takeMark(close)) refuse();
        break;
      }
    }
    return list;
  };

  const value = (depth: number): PythonLiteral => {
    if (depth > maxDepth) return refuse();
    if (takeMark("(")) return items(")", () => value(depth + 1));
    if (takeMark("[")) return items("]", () => value(depth + 1));
    if (takeMark("{")) {
      return new Map(
        items("}", () => {
          const key = value(depth + 1);
          if (typeof key !== "string" || !takeMark(":")) return refuse();
          return [key, value(depth + 1)] as const;
        }),
      );
    }
    const quoted = take(/'[^'\\\n]*'|"[^"\\\n]*"/y);
    if (quoted !== undefined) return quoted.slice(1, -1);
    const digits = take(/-?\d+/y); // Python 2 wrote long integers as 3L
    if (digits !== undefined) {
      take(/L/y);
      return Number(digits);
    }
    const word = take(/True\b|False\b|None\b/y);
    return word === undefined ? refuse() : word === "None" ? null : word === "True";
  };

  const result = value(0);
  take(space);
  return position === text.length ? result : refuse();
}
