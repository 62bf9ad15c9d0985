import { describe, expect, it } from "vitest";
import { windowsOf } from "./residue-windows.ts";

describe("the windows of a protein", () => {
  it("are one where it fits", () => {
    expect(windowsOf(10, { windowResidues: 10 })).toEqual([
      { begin: 0, end: 10, takenBegin: 0, takenEnd: 10 },
    ]);
  });

  it.each(Array.from({ length: 60 }, (_, index) => [5 + index * 7, 4 + (index % 9)]))(
    "take each of %d residues once, from the nearest of windows of %d",
    (residues, windowResidues) => {
      const windows = windowsOf(residues!, { windowResidues: windowResidues! });
      const owners = Array.from({ length: residues! }, (_, residue) =>
        windows.filter(({ takenBegin, takenEnd }) => residue >= takenBegin && residue < takenEnd),
      );
      for (const [residue, [owner, ...others]] of owners.entries()) {
        expect(others).toEqual([]);
        const distance = ({ begin, end }: { begin: number; end: number }) =>
          Math.abs((begin + end) / 2 - residue - 0.5);
        expect(owner!.begin <= residue && residue < owner!.end).toBe(true);
        expect(distance(owner!)).toBe(Math.min(...windows.map(distance)));
      }
      for (const { begin, end } of windows) expect(end - begin).toBe(Math.min(residues!, windowResidues!));
    },
  );

  it("need room", () => {
    expect(() => windowsOf(10, { windowResidues: 1 })).toThrow(RangeError);
  });
});
