// The results of a run of the benchmarks: with the machine they were measured on as one JSON document,
// and as a table for people.
import { arch, availableParallelism, cpus, platform, totalmem } from "node:os";
import type { BenchResult } from "./case.ts";

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryMb: number;
  readonly platform: string;
  readonly node: string;
}

export interface BenchReport {
  readonly machine: Machine;
  readonly results: readonly BenchResult[];
}

/** The machine that this process runs on. */
export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryMb: Math.round(totalmem() / 2 ** 20),
    platform: `${platform()} ${arch()}`,
    node: process.version,
  };
}

/** The results as lines of aligned columns; GFLOP/s is of the median run. */
export function formatTable(results: readonly BenchResult[]): string {
  const header = ["name", "ms", "min", "n", "GFLOP/s", "peak MB", "peer ms", "ratio"];
  const rows = results.map(({ name, ms, min, n, gflop, peakMb, peer, ratio }) => [
    name,
    formatNumber(ms),
    formatNumber(min),
    String(n),
    gflop === null ? "" : formatNumber((gflop / ms) * 1000),
    peakMb === null ? "" : peakMb.toFixed(0),
    peer === null ? "" : `${formatNumber(peer.ms)} (${peer.name} ${peer.version})`,
    ratio === null ? "" : ratio.toFixed(2),
  ]);
  return formatColumns(header, rows);
}

/** Aligned columns, the first to the left, the others to the right. */
export function formatColumns(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]!.length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join("  ")
      .trimEnd();
  return `${[header, ...rows].map(line).join("\n")}\n`;
}

/** Three digits, or all before the point. */
export function formatNumber(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
