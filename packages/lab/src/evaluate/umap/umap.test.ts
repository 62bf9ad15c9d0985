import { createGenerator } from "@proteoscope/engine";
import { embedRows } from "@proteoscope/microscope/protein-map";
import { describe, expect, it, vi } from "vitest";
import { embedInPlane } from "./umap.ts";

vi.setConfig({ testTimeout: 60_000 });

/** Three clouds of twenty rows. */
const rows = Array.from({ length: 60 }, (_, i) =>
  createGenerator(1, "row", i)
    .normal(8)
    .map((value, d) => value + (d === i % 3 ? 12 : 0)),
);
const live = () => ({ signal: new AbortController().signal });

describe("UMAP", () => {
  it("on its thread gives what it gives here, with its epochs, and the same for the same seed", async () => {
    const epochs: number[] = [];
    const places = await embedInPlane(
      { rows, seed: 3 },
      { ...live(), onProgress: ({ done }) => epochs.push(done) },
    );
    expect(places).toEqual(await embedRows({ rows, seed: 3 }));
    expect(places).not.toEqual(await embedRows({ rows, seed: 4 }));
    expect(epochs.length).toBeGreaterThan(10);
  });

  it("keeps clouds together: the nearest neighbour is of the same one", async () => {
    const places = await embedRows({ rows, seed: 0 });
    const nearest = places.map(([x, y], i) => {
      const distances = places.map(([u, v], j) =>
        i === j ? Number.POSITIVE_INFINITY : Math.hypot(x - u, y - v),
      );
      return distances.indexOf(Math.min(...distances));
    });
    expect(nearest.filter((j, i) => j % 3 === i % 3).length).toBeGreaterThan(57);
  });

  it("of two rows is a line, and stops at an abort", async () => {
    expect(await embedRows({ rows: rows.slice(0, 2), seed: 0 })).toEqual([
      [0, 0],
      [1, 0],
    ]);
    const controller = new AbortController();
    const run = embedInPlane({ rows, seed: 0 }, { signal: controller.signal });
    controller.abort(new Error("interrupted"));
    await expect(run).rejects.toThrow("interrupted");
  });
});
