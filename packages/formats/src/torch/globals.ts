// What a checkpoint may name, and no more: PyTorch's own loader with weights_only=True takes these
// (torch/_weights_only_unpickler.py), and beside them plain values that training scripts leave. What is known and not
// read is refused by what it is.

import { FormatError } from "../errors.ts";
import { printable } from "../printable.ts";
import { dtypeNames, storageClasses } from "./element-types.ts";
import type { PickleCallable, PickleGlobals } from "./pickle-machine.ts";
import { pythonValues } from "./python-values.ts";

const format = "torch";
const saveStateDict = "save the state dict alone: torch.save(model.state_dict(), path)";

const unreadable: readonly (readonly [path: RegExp, what: string, hint: string])[] = [
  [
    /^torch\._utils\._rebuild_qtensor$|^torch\.Q\w+Storage$/,
    "quantised tensors are not read",
    "call dequantize() on them before saving",
  ],
  [
    /^torch\._utils\._rebuild_sparse_tensor$/,
    "sparse tensors are not read",
    "call to_dense() on them before saving",
  ],
  [
    /^torch\._utils\._rebuild_meta_tensor_no_storage$/,
    "its tensors have no values (device meta)",
    "load the weights before saving",
  ],
  [
    /^torch\._utils\._rebuild_(nested_tensor|wrapper_subclass)$|^torch\.distributed\.|^torchao\./,
    "nested, distributed and other special tensors are not read",
    "save plain tensors, for example of full_tensor()",
  ],
  [/^__torch__\./, "it is a TorchScript model", saveStateDict],
  [/^torch\.(nn|fx)\./, "it holds a whole network, not its weights", saveStateDict],
];

/** Names of classes and constants that stand in a checkpoint as values; they are read as their own name. */
const names: readonly string[] = [
  ...dtypeNames,
  "torch.Tensor",
  "torch.nn.parameter.Parameter",
  "torch.nn.parameter.Buffer",
  "torch.storage.TypedStorage",
  "torch.storage.UntypedStorage",
  ...[
    "tensor_affine",
    "tensor_symmetric",
    "channel_affine",
    "channel_symmetric",
    "channel_affine_float_qparams",
  ].map((scheme) => `torch.per_${scheme}`),
  ...["BFloat16", "Bool", "Byte", "Char", "Double", "Float", "Half", "Int", "Long", "Short"].flatMap((kind) =>
    ["torch", "torch.cuda", "torch.sparse", "torch.cuda.sparse"].map((module) => `${module}.${kind}Tensor`),
  ),
];

const makeDevice: PickleCallable = ([type, index]) => {
  if (typeof type !== "string") throw new FormatError(format, "a device has no type");
  return typeof index === "number" ? `${type}:${index}` : type;
};
const makeSize: PickleCallable = ([sizes]) => {
  if (!Array.isArray(sizes)) throw new FormatError(format, "a size is not made of a list");
  return [...sizes];
};

const values = new Map<string, PickleCallable | object | string>([
  ...storageClasses,
  ...pythonValues,
  ...names.map((name): [string, string] => [name, name]),
  ["torch.Size", makeSize],
  ["torch.device", makeDevice],
  ["torch.serialization._get_layout", ([name]) => name],
]);

/** What one pickle may name: the values above, and `more` that belong to this pickle alone. */
export function allowedGlobals(
  ...more: readonly ReadonlyMap<string, PickleCallable | string>[]
): PickleGlobals {
  const get = (path: string) => {
    for (const globals of [values, ...more]) {
      const value = globals.get(path);
      if (value !== undefined) return value;
    }
    const known = unreadable.find(([pattern]) => pattern.test(path));
    if (known === undefined) return undefined;
    throw new FormatError(format, `${known[1]} (${printable(path)})`, { hint: known[2] });
  };
  return { get };
}
