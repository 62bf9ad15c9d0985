// The element types of PyTorch's tensors: the name of a dtype, the class of the storages that hold it (torch/storage.py)
// and how it is read. A complex number is read as its real and imaginary part along a last axis of two, as
// torch.view_as_real gives it, because no array of JavaScript holds complex numbers.

import type { DType } from "../nd-array.ts";

export interface ElementType {
  /** PyTorch's name, such as "torch.float32". */
  readonly name: string;
  readonly dtype: DType;
  /** Numbers for each element. */
  readonly parts: 1 | 2;
}

const table: readonly (readonly [name: string, storageClass: string | undefined, dtype: DType, parts?: 2])[] =
  [
    ["float64", "DoubleStorage", "float64"],
    ["float32", "FloatStorage", "float32"],
    ["float16", "HalfStorage", "float16"],
    ["bfloat16", "BFloat16Storage", "bfloat16"],
    ["int64", "LongStorage", "int64"],
    ["int32", "IntStorage", "int32"],
    ["int16", "ShortStorage", "int16"],
    ["int8", "CharStorage", "int8"],
    ["uint8", "ByteStorage", "uint8"],
    ["bool", "BoolStorage", "bool"],
    ["complex64", "ComplexFloatStorage", "float32", 2],
    ["complex128", "ComplexDoubleStorage", "float64", 2],
    // Newer ones have storages without a type.
    ["uint16", undefined, "uint16"],
    ["uint32", undefined, "uint32"],
    ["uint64", undefined, "uint64"],
    ["complex32", undefined, "float16", 2],
  ];

const rows = table.map(([name, storageClass, dtype, parts]): [string | undefined, ElementType] => [
  storageClass,
  Object.freeze({ name: `torch.${name}`, dtype, parts: parts ?? 1 }),
]);

/** By PyTorch's name. */
export const elementTypes: ReadonlyMap<string, ElementType> = new Map(
  rows.map(([, type]) => [type.name, type]),
);

/** By the path of the storage class; those of a GPU are read as the others. */
export const storageClasses: ReadonlyMap<string, ElementType> = new Map(
  rows.flatMap(([storageClass, type]) =>
    storageClass === undefined
      ? []
      : ["torch", "torch.cuda"].map((module) => [`${module}.${storageClass}`, type] as const),
  ),
);

const others =
  "bits1x8 bits2x4 bits4x2 bits8 bits16 bcomplex32 float4_e2m1fn_x2 float8_e4m3fn float8_e4m3fnuz float8_e5m2 " +
  "float8_e5m2fnuz float8_e8m0fnu int1 int2 int3 int4 int5 int6 int7 qint8 qint32 quint8 quint2x4 quint4x2 " +
  "uint1 uint2 uint3 uint4 uint5 uint6 uint7";

/** Names of all dtypes, also of those whose tensors are not read. */
export const dtypeNames: readonly string[] = [
  ...elementTypes.keys(),
  ...others.split(" ").map((name) => `torch.${name}`),
];
