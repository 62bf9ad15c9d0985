// JSON from files of others, held to a depth and a number of values before it is parsed: a bracket is one byte in a
// file and fifty in memory, JSON.parse takes a minute for fifty million of them, and whatever walks the result by
// recursion overflows.

import { FormatError, refuseOnThrow } from "../errors.ts";
import { printable } from "../printable.ts";

/** Bounds of reading JSON: its depth, and what to call it in messages. */
export interface BoundedJsonOptions {
  /** Named in errors. */
  format: string;
  /** What the text is called in errors. */
  name: string;
  /** Objects and lists inside one another, the outermost included; default 32. */
  maxDepth?: number;
  /** Objects, lists and strings (names of fields too); default a million. */
  maxValues?: number;
}

const [quote, backslash, openList, closeList, openObject, closeObject] = [...'"\\[]{}'].map((mark) =>
  mark.charCodeAt(0),
);

/** Parses UTF-8 text. Throws FormatError when it is no JSON or beyond a bound; takes time in proportion to its length. */
export function parseBoundedJson(text: Uint8Array, options: BoundedJsonOptions): unknown {
  const { format, name, maxDepth = 32, maxValues = 1_000_000 } = options;
  const place = printable(name);
  let depth = 0;
  let values = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const byte = text[i];
    if (byte === quote) {
      inString = !inString;
      if (inString) values++;
    } else if (inString) {
      if (byte === backslash) i++;
    } else if (byte === openList || byte === openObject) {
      depth++;
      values++;
    } else if (byte === closeList || byte === closeObject) {
      depth--;
    }
    if (depth > maxDepth) throw new FormatError(format, `${place} is nested more than ${maxDepth} deep`);
    if (values > maxValues) throw new FormatError(format, `${place} has more than ${maxValues} values`);
  }
  return refuseOnThrow(format, `${place} is not JSON`, () =>
    JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(text)),
  );
}
