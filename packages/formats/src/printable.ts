// Text that comes from files (record ids, column names, tensor names, pickle globals, file names), made safe to print:
// a terminal obeys control characters and escape sequences, bidirectional overrides make text read as another, and
// characters without a shape make two names look equal (https://www.unicode.org/reports/tr36/). All of these are
// written as escapes; letters of every script stay as they are.

/** Control, format, unassigned and private characters, lone surrogates, and whatever else shows nothing or a space. */
const unprintable = /[\p{C}\p{Default_Ignorable_Code_Point}\u115f\u1160\u2800\u3164\uffa0]|(?! )[\p{Z}]/u;

const shortEscapes = new Map([
  ["\t", "\\t"],
  ["\n", "\\n"],
  ["\r", "\\r"],
]);

/** Names of the characters that people meet in text copied from elsewhere (Unicode's own, or its alias). */
const names = new Map([
  [0x00, "NULL"],
  [0x09, "TABULATION"],
  [0x1b, "ESCAPE"],
  [0x7f, "DELETE"],
  [0xa0, "NO-BREAK SPACE"],
  [0xad, "SOFT HYPHEN"],
  [0x34f, "COMBINING GRAPHEME JOINER"],
  [0x61c, "ARABIC LETTER MARK"],
  [0x180e, "MONGOLIAN VOWEL SEPARATOR"],
  [0x200b, "ZERO WIDTH SPACE"],
  [0x200c, "ZERO WIDTH NON-JOINER"],
  [0x200d, "ZERO WIDTH JOINER"],
  [0x200e, "LEFT-TO-RIGHT MARK"],
  [0x200f, "RIGHT-TO-LEFT MARK"],
  [0x2028, "LINE SEPARATOR"],
  [0x2029, "PARAGRAPH SEPARATOR"],
  [0x202a, "LEFT-TO-RIGHT EMBEDDING"],
  [0x202b, "RIGHT-TO-LEFT EMBEDDING"],
  [0x202c, "POP DIRECTIONAL FORMATTING"],
  [0x202d, "LEFT-TO-RIGHT OVERRIDE"],
  [0x202e, "RIGHT-TO-LEFT OVERRIDE"],
  [0x2060, "WORD JOINER"],
  [0x2061, "FUNCTION APPLICATION"],
  [0x2066, "LEFT-TO-RIGHT ISOLATE"],
  [0x2067, "RIGHT-TO-LEFT ISOLATE"],
  [0x2068, "FIRST STRONG ISOLATE"],
  [0x2069, "POP DIRECTIONAL ISOLATE"],
  [0x2800, "BRAILLE PATTERN BLANK"],
  [0x3164, "HANGUL FILLER"],
  [0xfe0f, "VARIATION SELECTOR-16"],
  [0xfeff, "ZERO WIDTH NO-BREAK SPACE"],
  [0xfffd, "REPLACEMENT CHARACTER"],
]);

/** `text` on one line that nothing obeys, cut to `maxLength` UTF-16 units and an ellipsis. */
export function printable(text: string, maxLength = 80): string {
  let result = "";
  // What lies beyond can only be cut, and need not be looked at.
  for (const character of text.slice(0, maxLength + 1)) {
    const shown = unprintable.test(character) ? escapeCharacter(character) : character;
    if (result.length + shown.length > maxLength) return `${result}\u2026`;
    result += shown;
  }
  return result;
}

/** The first names of a list and how many more there are: "a, b, c and 81 more". */
export function listBriefly(items: readonly string[], count = 3): string {
  const shown = items.slice(0, count).map((item) => printable(item));
  const left = items.length - shown.length;
  return shown.join(", ") + (left > 0 ? ` and ${left} more` : "");
}

/** One character for a message: quoted where it shows, else by code point and name (U+200B ZERO WIDTH SPACE). */
export function nameCharacter(character: string): string {
  const code = character.codePointAt(0)!;
  const name = names.get(code);
  if (name === undefined && !unprintable.test(character)) return JSON.stringify(character);
  return `U+${code.toString(16).toUpperCase().padStart(4, "0")} ${name ?? "(an invisible character)"}`;
}

function escapeCharacter(character: string): string {
  return shortEscapes.get(character) ?? `\\u{${character.codePointAt(0)!.toString(16)}}`;
}
