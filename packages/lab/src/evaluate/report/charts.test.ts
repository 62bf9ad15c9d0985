import { describe, expect, it } from "vitest";
import { lineChart, scatterChart } from "./charts.ts";
import { labelWidth } from "./html.ts";

const widthOf = (svg: string) => Number(/ width="(\d+)"/.exec(svg)![1]);

describe("a chart of curves", () => {
  const series = [
    { name: "generated & real", points: [[1, 0.2] as const, [2, 0.4] as const] },
    { name: "chance", points: [[1, 0.1] as const, [2, 0] as const] },
  ];
  const chart = (isLog = false) => lineChart({ title: "a < b", x: "k", y: "share", series, isLog });

  it("has a name, a line and an entry of the legend for each curve, in different dashes", () => {
    expect(chart()).toMatch(/^<svg [^>]*role="img" aria-label="a &lt; b">/);
    expect(chart().match(/<polyline /g)).toHaveLength(2);
    expect(chart()).toContain(">generated &amp; real</text>");
    expect(chart().match(/<polyline [^>]*stroke-dasharray/g)).toHaveLength(1);
  });

  it("is to scale: the largest value is at the top, 0 at the bottom", () => {
    const [first] = chart().match(/points="[^"]+"/g)!;
    const heights = [...first!.matchAll(/,([\d.]+)/g)].map(([, y]) => Number(y));
    expect(heights[1]).toBe(26);
    expect(heights[0]).toBe(26 + 120);
  });

  it("leaves out what has no logarithm, and is none without a value", () => {
    const points = chart(true).match(/points="[^"]+"/g)!;
    expect(points[1]!.split(" ")).toHaveLength(1);
    expect(lineChart({ title: "x", x: "x", y: "y", series: [] })).toBe("");
    expect(chart(true)).not.toContain("NaN");
  });

  it("is as wide as the longest name needs", () => {
    const long = "a very long name of a curve that nobody would choose";
    const wide = lineChart({ title: "x", x: "x", y: "y", series: [{ ...series[0]!, name: long }] });
    expect(widthOf(wide) - widthOf(chart())).toBe(labelWidth(long) - labelWidth("generated & real"));
  });
});

describe("a chart of points", () => {
  const points = [
    { x: 0, y: 0, group: "ER", isRing: true, text: "real: A, ER" },
    { x: 1, y: 2, group: "Golgi", isRing: false, text: "generated: B, <Golgi>" },
  ];
  const chart = scatterChart("map", points, "umap");

  it("has a mark with its text for each point, rings and filled ones, and one legend entry per group", () => {
    expect(chart.match(/data-point="\d"/g)).toEqual(['data-point="0"', 'data-point="1"']);
    expect(chart.match(/data-point="0"[^>]*fill="none"/)).not.toBeNull();
    expect(chart).toContain("<title>generated: B, &lt;Golgi&gt;</title>");
    expect(chart.match(/<text /g)).toHaveLength(2);
    expect(chart).toContain('id="umap"');
  });

  it("does not divide by nothing where all points are one", () => {
    expect(scatterChart("map", [points[0]!], "x")).not.toContain("NaN");
  });
});
