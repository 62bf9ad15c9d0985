import { describe, expect, it } from "vitest";
import { prototypeLogits, surestCount } from "./class-prototypes.ts";

const labels = ["ER", "Golgi", "extracellular"];

describe("prototypes", () => {
  it("are the mean of the proteins with the most confident prediction, one row per compartment", () => {
    const sure = Array.from({ length: surestCount }, (_, i) => Float32Array.of(-4, 8 + i, -6));
    const others = [...sure.keys()].map((i) => Float32Array.of(6, i / 10, -3));
    const { shape, data } = prototypeLogits([...others, ...sure], labels, ["Golgi", "ER"]);
    expect(shape).toEqual([2, 3]);
    const golgi = 8 + (surestCount - 1) / 2;
    [-4, golgi, -6, 6, (surestCount - 1) / 20, -3].forEach((wanted, i) => {
      expect(data[i]).toBeCloseTo(wanted, 5);
    });
  });

  it("take a high logit next to a higher one for no confidence", () => {
    const torn = Array.from({ length: surestCount }, () => Float32Array.of(9, 10, 0));
    const sure = Array.from({ length: surestCount }, () => Float32Array.of(5, -5, 0));
    expect([...(prototypeLogits([...torn, ...sure], labels, ["ER"]).data as Float32Array)]).toEqual([
      5, -5, 0,
    ]);
  });

  it("makes do with fewer proteins", () => {
    const rows = [Float32Array.of(1, 2, 3), Float32Array.of(3, 2, 1)];
    expect([...(prototypeLogits(rows, labels, ["ER"]).data as Float32Array)]).toEqual([2, 2, 2]);
  });
});
