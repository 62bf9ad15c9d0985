import type { ProteinMap } from "@proteoscope/microscope/protein-map";
import { describe, expect, it } from "vitest";
import { wholeImage, zoomAt } from "../viewer/camera.ts";
import {
  csvOf,
  directions,
  fromPanel,
  insideLasso,
  layoutOf,
  likeliest,
  markOf,
  nextIn,
  openNearest,
  outlineOf,
  type Place,
  passes,
  toPanel,
} from "./scatter.ts";

const protein = (symbol: string, place: Place, annotated = ["Golgi"], shares = [0.25, 0.75]) => ({
  ...{ symbol, accession: `P_${symbol}`, annotated, shares, place },
});
const map: ProteinMap = {
  source: "test",
  compartments: ["Golgi", "ER"],
  proteins: [protein("A", [-10, 0]), protein("B", [10, 0], ["ER", "Golgi"]), protein("C", [0, 5], ["ER"])],
};

describe("the layout", () => {
  it("puts the map into the plot with one scale and y upwards", () => {
    const place = layoutOf(map);
    const [a, b, c] = map.proteins.map((one) => place(one.place));
    expect(a![0]).toBeCloseTo(0.05);
    expect(b![0]).toBeCloseTo(0.95);
    expect(c![1]).toBeLessThan(a![1]);
    expect((a![1] - c![1]) / (b![0] - a![0])).toBeCloseTo(5 / 20);
  });
  it("puts a map of one protein, or of none, into the middle", () => {
    expect(layoutOf({ proteins: [protein("A", [7, 7])] })([7, 7])).toEqual([0.5, 0.5]);
    expect(layoutOf({ proteins: [] })([0, 0])).toEqual([0.5, 0.5]);
  });
  it("is undone by the camera that showed it", () => {
    const camera = zoomAt(wholeImage, 3, 0.2, 0.7);
    const [x, y] = fromPanel(toPanel([0.31, 0.64], camera), camera);
    expect(x).toBeCloseTo(0.31);
    expect(y).toBeCloseTo(0.64);
    expect(toPanel([0.4, 0.6], wholeImage).map((value) => value.toFixed(6))).toEqual([
      "0.400000",
      "0.600000",
    ]);
  });
});

const square: Place[] = [
  [0.2, 0.2],
  [0.8, 0.2],
  [0.2, 0.8],
  [0.8, 0.8],
];

describe("what is pointed at", () => {
  it("is the nearest place within the radius", () => {
    const nearest = openNearest(square);
    expect(nearest([0.75, 0.25], 0.1)).toBe(1);
    expect(nearest([0.5, 0.5], 0.1)).toBeUndefined();
    expect(openNearest([...square, ...square])([0.75, 0.25], 0.1)).toBe(1);
  });
  it("is inside a lasso, also of a concave one", () => {
    const around: Place[] = [
      [0, 0],
      [1, 0],
      [0.5, 0.1], // a notch, which leaves the second out
      [1, 0.5],
      [0, 0.5],
    ];
    expect(insideLasso(square, around)).toEqual([0]);
    expect(insideLasso(square, around.slice(0, 2))).toEqual([]);
  });
  it("is the next one in the direction of an arrow", () => {
    expect(nextIn(square, 0, directions.ArrowRight!)).toBe(1);
    expect(nextIn(square, 0, directions.ArrowDown!)).toBe(2);
    expect(nextIn(square, 0, directions.ArrowUp!)).toBe(0);
    expect(nextIn(square, 3, directions.ArrowLeft!)).toBe(2);
  });
});

describe("marks", () => {
  it("differ for as many compartments as there are", () => {
    const marks = Array.from({ length: 13 }, (_, index) => JSON.stringify(markOf(index)));
    expect(new Set(marks).size).toBe(13);
  });
  it("are closed outlines around their place", () => {
    for (const shape of ["circle", "square", "triangle"] as const)
      expect(outlineOf(shape, 5, 5, 2)).toMatch(/^M.*Z$/);
    expect(outlineOf("square", 5, 6, 2)).toBe("M3 4h4v4h-4Z");
  });
});

describe("the table", () => {
  const names = (filter: { text: string; compartment: string }) =>
    map.proteins.filter((one) => passes(one, filter)).map(({ symbol }) => symbol);
  it("is restricted by the beginning of a name and by an annotated compartment", () => {
    expect(names({ text: "", compartment: "" })).toEqual(["A", "B", "C"]);
    expect(names({ text: " p_b", compartment: "" })).toEqual(["B"]);
    expect(names({ text: "", compartment: "Golgi" })).toEqual(["A", "B"]);
    expect(names({ text: "c", compartment: "Golgi" })).toEqual([]);
  });
  it("says the likeliest compartment, and is saved as CSV", () => {
    expect(likeliest(map.proteins[0]!, map.compartments)).toEqual(["ER", 0.75]);
    expect(csvOf(map).split("\n").slice(0, 3)).toEqual([
      "protein,accession,annotated,umap_x,umap_y,Golgi,ER",
      "A,P_A,Golgi,-10,0,0.25,0.75",
      "B,P_B,ER;Golgi,10,0,0.25,0.75",
    ]);
  });
});
