// What is expensive to open and not always needed, such as a network or the index of retrieval: it is loaded when it is first
// asked for. Whoever asks meanwhile waits for the same.

/** The same function, called once; a failure is forgotten, so that the next call tries again. */
export function loadOnce<Value>(load: () => Promise<Value>): () => Promise<Value> {
  let loading: Promise<Value> | undefined;
  return () => {
    loading ??= load().catch((error) => {
      loading = undefined;
      throw error;
    });
    return loading;
  };
}
