/**
 * Sessions by what they compute, so that a runtime uses the session it has when the same program is compiled again.
 *
 * The same means an equal graph over the very same arrays of weights, so no weights are read or held for it. Open
 * dimensions are part of the graph: one session serves every shape.
 */
import type { TypedArray } from "../tensor.ts";
import type { Runtime, Session, SessionKey } from "./runtime.ts";

interface Entry {
  readonly signature: SessionKey["signature"];
  readonly values: readonly WeakRef<TypedArray>[];
  readonly session: Promise<Session>;
  users: number;
}

const entries = new WeakMap<Runtime, Set<Entry>>();

/** Gives the runtime's session of this key, loaded if there is none; it is closed when its last user closes it. */
export async function shareSession(
  runtime: Runtime,
  key: SessionKey,
  load: () => Promise<Session>,
): Promise<Session> {
  const open = entries.get(runtime) ?? new Set();
  entries.set(runtime, open);
  const entry = [...open].find((candidate) => isFor(candidate, key)) ?? entryOf(key, load());
  open.add(entry);
  entry.users++;
  try {
    return lease(await entry.session, entry, open);
  } catch (error) {
    open.delete(entry);
    throw error;
  }
}

function entryOf({ signature, values }: SessionKey, session: Promise<Session>): Entry {
  return { signature, values: values.map((value) => new WeakRef(value)), session, users: 0 };
}

/** Gives the session as one of its users sees it; apart from the key, which its functions would hold in memory. */
function lease(session: Session, entry: Entry, open: Set<Entry>): Session {
  let isClosed = false;
  return {
    run: async (feeds, options) => {
      if (isClosed) throw new Error("runtime: the session is closed");
      return session.run(feeds, options);
    },
    close: async () => {
      if (isClosed) return;
      isClosed = true;
      if (--entry.users > 0) return;
      open.delete(entry);
      await session.close();
    },
  };
}

function isFor({ signature, values }: Entry, key: SessionKey): boolean {
  return (
    values.length === key.values.length &&
    values.every((value, i) => value.deref() === key.values[i]) &&
    signature.length === key.signature.length &&
    signature.every((bytes, i) => sameBytes(bytes, key.signature[i]!))
  );
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
