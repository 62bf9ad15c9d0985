// Tables that depend on a number alone, such as the windows and lookups of frequencies of planes of one side: who measures many
// images of one size computes them once.

/** The same function, which computes the result of each key once and keeps it. */
export function keepResults<Key, Result>(compute: (key: Key) => Result): (key: Key) => Result {
  const kept = new Map<Key, { readonly result: Result }>();
  return (key) => {
    const found = kept.get(key) ?? { result: compute(key) };
    kept.set(key, found);
    return found.result;
  };
}
