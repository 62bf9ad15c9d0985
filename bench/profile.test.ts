import { expect, it } from "vitest";
import { formatKernels, type KernelEvent, sumKernels } from "./profile.ts";

const kernel = (operator: string, dur: number, ...shapes: number[][]): KernelEvent => ({
  ...{ cat: "Node", name: `${operator}.3_kernel_time`, dur },
  args: { op_name: operator, input_type_shape: shapes.map((shape) => ({ float: shape })) },
});

const events: KernelEvent[] = [
  { cat: "Session", name: "model_run", dur: 900_000 },
  { cat: "Node", name: "MatMul.3_fence_before", dur: 5000 },
  kernel("MatMul", 30_000, [2, 3], [3, 4]),
  kernel("MatMul", 10_000, [2, 3], [3, 4]),
  kernel("MatMul", 1000, [9, 9], []),
  kernel("Add", 2000, [2], [2]),
];

it("sums kernels by operator, for one run of several", () => {
  expect(sumKernels(events, { runs: 1 })).toEqual([
    { label: "MatMul", count: 3, ms: 41 },
    { label: "Add", count: 1, ms: 2 },
  ]);
  expect(sumKernels(events, { runs: 2 })[1]).toEqual({ label: "Add", count: 0.5, ms: 1 });
});

it("separates shapes on request", () => {
  expect(sumKernels(events, { runs: 2, byShape: true })).toEqual([
    { label: "MatMul 2x3 3x4", count: 1, ms: 20 },
    { label: "Add 2 2", count: 0.5, ms: 1 },
    { label: "MatMul 9x9 scalar", count: 0.5, ms: 0.5 },
  ]);
});

it("prints the longest with their share of all", () => {
  const table = formatKernels("operator", sumKernels(events, { runs: 1 }), 1);
  expect(table.split("\n")).toEqual(["operator  kernels    ms     %", "MatMul          3  41.0  95.3", ""]);
});

it("cuts the shapes of a node with hundreds of inputs short", () => {
  const [, row] = formatKernels("operator", [{ label: "Concat 1".repeat(50), count: 1, ms: 1 }], 1).split(
    "\n",
  );
  expect(row).toMatch(/^Concat 1.{56}\.\.\. +1 +1\.00 +100\.0$/);
});
