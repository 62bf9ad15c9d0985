// Which settings two descriptions of a screen differ in, in words: a run into the folder of another screen is refused, and
// its user has to see which option to change.

/** More settings are not read. */
const mostListed = 3;

/** The settings that differ, each as `images.steps: 15 there, 3 here`; at most the first three. */
export function otherSettings(there: object, here: object): string[] {
  return [...differences(there, here, [])].slice(0, mostListed);
}

function* differences(there: unknown, here: unknown, path: readonly string[]): Generator<string> {
  if (!isObject(there) || !isObject(here)) {
    if (there !== here) yield `${path.join(".")}: ${inWords(there)} there, ${inWords(here)} here`;
    return;
  }
  for (const key of new Set([...Object.keys(there), ...Object.keys(here)]))
    yield* differences(there[key], here[key], [...path, key]);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** A value in a word; the parts of a nested one are compared one by one. */
function inWords(value: unknown): string {
  if (value === undefined || value === null) return "none";
  return isObject(value) ? "some" : JSON.stringify(value);
}
