// The state dict in what a training script saved: the tree itself, or what it keeps under one of the names that scripts
// use. Averaged weights are preferred where they are complete, as the scripts that sample from such checkpoints prefer
// them (timm's load_state_dict, DiT's find_model).

import { FormatError } from "../errors.ts";
import type { NdArray } from "../nd-array.ts";
import { listBriefly, printable } from "../printable.ts";

/** Checkpoints are nested a few deep; one that is a chain of dicts is none. */
const maxNodes = 1000;

/** The first of them counts where two hold as many tensors. */
const wrappers: readonly string[] = [
  ...["ema", "ema_state_dict", "state_dict_ema", "model_ema", "ema_model"],
  ...["state_dict", "model_state_dict", "model", "module", "net", "network", "weights"],
];

/** A tensor, or what reads one later. */
interface ShapedTensor {
  readonly shape: readonly number[];
}

/**
 * The tensors of a state dict by name; values that are no tensors are left out, and so are tensors beside a state dict,
 * such as a loss. Throws FormatError where there is no state dict.
 */
export function collectTensors<T extends ShapedTensor = NdArray>(tree: unknown): Map<string, T> {
  const found = findTensors<T>(tree, new Set());
  if (found.size > 0) return found;
  const keys = tree instanceof Map ? [...tree.keys()].filter((key) => typeof key === "string") : [];
  const what = `no state dict was found; the keys at the top are: ${listBriefly(keys, 10) || "none"}`;
  const hint = "save the state dict alone: torch.save(model.state_dict(), path)";
  throw new FormatError("torch", what, { hint });
}

/** The largest state dict below a node, else its own tensors. A node may hold itself. */
function findTensors<T>(node: unknown, seen: Set<unknown>): Map<string, T> {
  let largest = new Map<string, T>();
  if (!(node instanceof Map) || seen.has(node) || seen.size > maxNodes) return largest;
  seen.add(node);
  for (const wrapper of wrappers) {
    const found = findTensors<T>(node.get(wrapper), seen);
    if (found.size > largest.size) largest = found;
  }
  if (largest.size > 0) return largest;
  return new Map(
    [...node].filter((pair): pair is [string, T] => typeof pair[0] === "string" && isTensor(pair[1])),
  );
}

/** Modules that wrap others for speed or memory: torch.compile, FSDP, activation checkpoints. No network has such a part. */
const transparent = /(^|\.)(_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)(?=\.)/g;

/**
 * A state dict under the names of the network itself, where it was saved from a wrapper: torch.compile
 * ("_orig_mod."), DataParallel and AveragedModel ("module." before every name), the EMA of ema-pytorch ("ema_model.",
 * beside the network that is still trained). Throws FormatError where two tensors then have one name.
 */
export function withoutWrapperNames<T>(tensors: ReadonlyMap<string, T>): Map<string, T> {
  let entries = [...tensors].map(([name, tensor]): [string, T] => [
    name.replace(transparent, "").replace(/^\./, ""),
    tensor,
  ]);
  const isOnline = entries.some(([name]) => name.startsWith("online_model."));
  if (isOnline && entries.some(([name]) => name.startsWith("ema_model.")))
    entries = below(
      entries.filter(([name]) => name.startsWith("ema_model.")),
      "ema_model.",
    );
  for (;;) {
    const own = entries.filter(([name]) => name !== "n_averaged");
    if (own.length === 0 || !own.every(([name]) => name.startsWith("module."))) break;
    entries = below(own, "module.");
  }
  const unwrapped = new Map<string, T>();
  for (const [name, tensor] of entries) {
    if (unwrapped.has(name)) {
      const what = `two tensors are named ${printable(name)} when the names of wrappers are left out`;
      throw new FormatError("torch", what, { hint: "save the state dict of one network" });
    }
    unwrapped.set(name, tensor);
  }
  return unwrapped;
}

function below<T>(entries: readonly [string, T][], prefix: string): [string, T][] {
  return entries.map(([name, tensor]) => [name.slice(prefix.length), tensor]);
}

/** Tensors and arrays are the only objects with this prototype and a shape that a checkpoint is read as. */
function isTensor(value: unknown): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    Object.getPrototypeOf(value) === Object.prototype &&
    "shape" in value
  );
}
