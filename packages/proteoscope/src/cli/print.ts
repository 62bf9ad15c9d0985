// What a command prints for people and for programs. Ids, file names and messages of libraries may hold escape sequences:
// a terminal obeys none of them, because lines pass through `printable` and JSON through escapes of its own.
import { printable } from "@proteoscope/formats/printable";

interface Sink {
  write(text: string): unknown;
}

/** A path may have 4096 bytes; a longer line is not read. */
const longestLine = 2000;

/** Writes lines for people, each argument one line whatever it holds. */
export function printLines(stream: Sink, ...lines: readonly string[]): void {
  if (lines.length > 0) stream.write(lines.map((line) => `${printable(line, longestLine)}\n`).join(""));
}

/** Writes one JSON document; what a terminal would obey or hide stands there as `\u` and four digits. */
export function printJson(stream: Sink, value: unknown): void {
  const text = JSON.stringify(value, null, 2).replace(/[\p{Cf}\p{Zl}\p{Zp}\u007f-\u009f]/gu, escapeUnits);
  stream.write(`${text}\n`);
}

function escapeUnits(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
}
