import { expect, it } from "vitest";
import type { BenchResult } from "./case.ts";
import { describeMachine, formatTable } from "./report.ts";

const bare: BenchResult = {
  name: "a",
  ms: 12.345,
  min: 12,
  n: 5,
  gflop: null,
  peakMb: null,
  peer: null,
  ratio: null,
};

it("the table aligns its columns and leaves empty what was not measured", () => {
  const peer = { name: "torch", version: "2.9", ms: 300 };
  const full: BenchResult = {
    ...bare,
    name: "unet.step",
    ms: 200,
    gflop: 46.7,
    peakMb: 812.4,
    peer,
    ratio: 1.5,
  };
  const lines = formatTable([bare, full]).split("\n");
  expect(lines[0]).toMatch(/^name +ms +min +n +GFLOP\/s +peak MB +peer ms +ratio$/);
  expect(lines[1]).toMatch(/^a +12\.3 +12\.0 +5$/);
  expect(lines[2]).toMatch(/^unet\.step +200 +12\.0 +5 +234 +812 +300 \(torch 2\.9\) +1\.50$/);
  expect(lines[0]!.length).toBe(lines[2]!.length);
});

it("the machine is the one this runs on", () => {
  const machine = describeMachine();
  expect(machine.node).toBe(process.version);
  expect(machine.cores).toBeGreaterThan(0);
  expect(machine.memoryMb).toBeGreaterThan(100);
});
