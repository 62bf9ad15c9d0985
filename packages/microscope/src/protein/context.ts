// Context tokens - tables by gene, expression level, cell line - for a model that was trained with them. A context that is
// not known has no token.

import { compile, float32, type Runtime } from "@proteoscope/engine";
import {
  extraTokens,
  extraTypes,
  extraValues,
  extraWidth,
  type LoadedExtra,
  type ProteinContext,
} from "@proteoscope/models";

/** Compiled layers of the context tokens. */
export interface ContextEncoder {
  /** Names of the known contexts, and their tokens [names, width]. @throws RangeError for an unknown cell line. */
  encode(
    context: ProteinContext,
  ): Promise<{ readonly names: readonly string[]; readonly tokens: Float32Array }>;
  close(): Promise<void>;
}

/** Compiles the layers of all context tokens. */
export async function openContextEncoder(runtime: Runtime, extra: LoadedExtra): Promise<ContextEncoder> {
  const { config, weights } = extra;
  const { tokenWidth, conditions } = config;
  const program = await compile(
    runtime,
    (w, vectors) => ({ tokens: extraTokens(w, config, vectors) }),
    extraTypes(config, 1),
    { weights },
  );
  return {
    async encode(context) {
      const vectors = extraValues(extra, context);
      const known = conditions.flatMap(({ name }, row) => (vectors.get(name) === undefined ? [] : [row]));
      if (known.length === 0) return { names: [], tokens: new Float32Array(0) };
      const feeds = conditions.map((condition) => {
        const width = extraWidth(condition);
        return [
          condition.name,
          float32([1, width], vectors.get(condition.name) ?? new Float32Array(width)),
        ] as const;
      });
      const all = (await program.run(Object.fromEntries(feeds))).tokens.data as Float32Array;
      const tokens = new Float32Array(known.length * tokenWidth);
      for (const [at, row] of known.entries())
        tokens.set(all.subarray(row * tokenWidth, (row + 1) * tokenWidth), at * tokenWidth);
      return { names: known.map((row) => conditions[row]!.name), tokens };
    },
    close: () => program.close(),
  };
}
