// A value with its past and its future: undo and redo as plain
// data. A new value ends the future.

/** A value that can be undone. */
export interface History<T> {
  readonly past: readonly T[];
  readonly present: T;
  readonly future: readonly T[];
}

const longestPast = 200;

/** A history that begins with a value. */
export function startHistory<T>(present: T): History<T> {
  return { past: [], present, future: [] };
}

/** The history with a new value. */
export function record<T>({ past, present }: History<T>, next: T): History<T> {
  return { past: [...past, present].slice(-longestPast), present: next, future: [] };
}

/** One step back; the same history where there is no past. */
export function undo<T>(history: History<T>): History<T> {
  const { past, present, future } = history;
  if (past.length === 0) return history;
  return { past: past.slice(0, -1), present: past.at(-1)!, future: [present, ...future] };
}

/** One step forward; the same history where there is no future. */
export function redo<T>(history: History<T>): History<T> {
  const { past, present, future } = history;
  if (future.length === 0) return history;
  return { past: [...past, present], present: future[0]!, future: future.slice(1) };
}
