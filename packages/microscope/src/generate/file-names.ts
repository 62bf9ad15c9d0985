// Names of files for proteins whose ids are whatever a FASTA header holds: letters that every file system takes, at most
// 80 bytes, and apart even where letter case is ignored, so that no protein's files are another's.

const mostBytes = 80;

/** Room for a dash and the number of a repeated name. */
const numberBytes = 8;

/** https://learn.microsoft.com/windows/win32/fileio/naming-a-file */
const windowsDevices = /^(con|prn|aux|nul|(com|lpt)\d)(?=\.|$)/i;

/** `_sample0` and `_nucleus0` in an id would meet the endings that files of a cell have. */
const endingsOfCells = /_(?=(?:sample|nucleus)\d)/gi;

/** One name per id, in their order: the id where it is fit and not taken, else changed and numbered. Takes linear time. */
export function uniqueFileNames(ids: readonly string[]): string[] {
  const taken = new Set<string>();
  const lastNumbers = new Map<string, number>();
  return ids.map((id) => {
    const safe = safeFileName(id);
    const stem = safe.slice(0, mostBytes - numberBytes);
    let number = lastNumbers.get(stem.toLowerCase()) ?? 1;
    let name = safe;
    while (taken.has(name.toLowerCase())) name = `${stem}-${++number}`;
    lastNumbers.set(stem.toLowerCase(), number);
    taken.add(name.toLowerCase());
    return name;
  });
}

/** `sp|P22087|FBRL_HUMAN` as `sp_P22087_FBRL_HUMAN`. */
function safeFileName(id: string): string {
  const safe = id
    .slice(0, 4 * mostBytes)
    .replaceAll(/[^A-Za-z0-9_.-]+/g, "_")
    .replace(/^[.-]+/, "")
    .replace(windowsDevices, "$1_")
    .replace(endingsOfCells, "-")
    .slice(0, mostBytes);
  return safe === "" ? "protein" : safe;
}
