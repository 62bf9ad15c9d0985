// Items by a key, in the order in which keys and items come: what `Map.groupBy` of newer runtimes does.
// Figures are resampled and averaged by group: proteins, fields of view, classes.

/** Groups items by a key; keys and items keep their order. */
export function groupBy<T, Key>(items: Iterable<T>, keyOf: (item: T) => Key): Map<Key, T[]> {
  const groups = new Map<Key, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
