// The geometry of the atlas: where proteins are drawn, which is nearest to the pointer, which lie inside a lasso, which comes
// next in the direction of an arrow key; and the marks by which compartments are told apart.
import { writeCsv } from "@proteoscope/formats";
import type { MappedProtein, ProteinMap } from "@proteoscope/microscope/protein-map";
import { polygonContains } from "d3-polygon";
import { quadtree } from "d3-quadtree";
import type { Camera } from "../viewer/camera.ts";

/** A place in fractions of the plot. */
export type Place = readonly [x: number, y: number];

const margin = 0.05;

/** What brings places of a map into fractions of a square plot; one scale for both axes, y upwards. */
export function layoutOf({ proteins }: Pick<ProteinMap, "proteins">): (place: Place) => Place {
  const rangeOf = (axis: 0 | 1): [number, number] => {
    const values = proteins.map(({ place }) => place[axis]);
    return values.length === 0 ? [0, 0] : [Math.min(...values), Math.max(...values)];
  };
  const [[left, right], [bottom, top]] = [rangeOf(0), rangeOf(1)];
  const scale = (1 - 2 * margin) / (Math.max(right - left, top - bottom) || 1);
  return ([x, y]) => [0.5 + (x - (left + right) / 2) * scale, 0.5 - (y - (bottom + top) / 2) * scale];
}

/** Where a place is drawn, in fractions of the panel. */
export function toPanel([x, y]: Place, { zoom, ...middle }: Camera): Place {
  return [0.5 + (x - middle.x) * zoom, 0.5 + (y - middle.y) * zoom];
}

/** The place that is drawn at a point of the panel. */
export function fromPanel([x, y]: Place, { zoom, ...middle }: Camera): Place {
  return [middle.x + (x - 0.5) / zoom, middle.y + (y - 0.5) / zoom];
}

/** Finds the index of the nearest place within a radius, of equal ones the first. */
export function openNearest(places: readonly Place[]): (at: Place, radius: number) => number | undefined {
  const tree = quadtree<number>()
    .x((index) => places[index]![0])
    .y((index) => places[index]![1])
    .addAll(places.map((_, index) => index).reverse()); // of equal places it finds the last that was added
  return ([x, y], radius) => tree.find(x, y, radius);
}

/** Indices of the places inside a closed line. */
export function insideLasso(places: readonly Place[], lasso: readonly Place[]): number[] {
  if (lasso.length < 3) return [];
  const polygon = lasso.map(([x, y]): [number, number] => [x, y]);
  return places.flatMap(([x, y], index) => (polygonContains(polygon, [x, y]) ? [index] : []));
}

/** Directions of the arrow keys. */
export const directions: Readonly<Record<string, Place>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** The nearest place that lies within 45 degrees of a direction; the same index where there is none. */
export function nextIn(places: readonly Place[], from: number, [dx, dy]: Place): number {
  const [x, y] = places[from] ?? [0.5, 0.5];
  let [best, shortest] = [from, Number.POSITIVE_INFINITY];
  for (const [index, place] of places.entries()) {
    const [along, across] = [
      (place[0] - x) * dx + (place[1] - y) * dy,
      Math.abs((place[0] - x) * dy - (place[1] - y) * dx),
    ];
    const distance = Math.hypot(along, across);
    if (index !== from && along > 0 && across <= along && distance < shortest)
      [best, shortest] = [index, distance];
  }
  return best;
}

/** How a compartment is marked. */
export interface Mark {
  readonly colour: string;
  readonly shape: "circle" | "square" | "triangle";
}

// Okabe and Ito's colours (https://jfly.uni-koeln.de/color), which colour-blind eyes tell apart; there are more compartments
// than colours, so that the others have another shape.
const colours = ["#e69f00", "#56b4e9", "#009e73", "#f0e442", "#3d8fd6", "#d55e00", "#cc79a7"];
const shapes = ["circle", "square", "triangle"] as const;

/** The mark of the compartment of an index. */
export function markOf(index: number): Mark {
  return {
    colour: colours[index % colours.length]!,
    shape: shapes[Math.floor(index / colours.length) % shapes.length]!,
  };
}

/** The outline of a mark around (x, y), for a canvas and for SVG. */
export function outlineOf(shape: Mark["shape"], x: number, y: number, radius: number): string {
  if (shape === "square") return `M${x - radius} ${y - radius}h${2 * radius}v${2 * radius}h${-2 * radius}Z`;
  if (shape === "triangle")
    return `M${x} ${y - 1.2 * radius}L${x + 1.1 * radius} ${y + 0.9 * radius}H${x - 1.1 * radius}Z`;
  return `M${x - radius} ${y}a${radius} ${radius} 0 1 0 ${2 * radius} 0a${radius} ${radius} 0 1 0 ${-2 * radius} 0Z`;
}

/** What the table and the plot are restricted to; empty fields restrict nothing. */
export interface AtlasFilter {
  readonly text: string;
  readonly compartment: string;
}

/** Whether a protein passes a filter: its name begins so, and its annotation has the compartment. */
export function passes(
  { symbol, accession, annotated }: MappedProtein,
  { text, compartment }: AtlasFilter,
): boolean {
  const wanted = text.trim().toUpperCase();
  return (
    (wanted === "" || [symbol, accession].some((name) => name.toUpperCase().startsWith(wanted))) &&
    (compartment === "" || annotated.includes(compartment))
  );
}

/** The compartment with the largest share, and the share. */
export function likeliest({ shares }: MappedProtein, compartments: readonly string[]): [string, number] {
  const best = shares.reduce((at, share, index) => (share > shares[at]! ? index : at), 0);
  return [compartments[best] ?? "", shares[best] ?? 0];
}

/** The map as CSV: names, annotation, place, and a column of shares per compartment. */
export function csvOf({ compartments, proteins }: ProteinMap): string {
  const rows = proteins.map(({ symbol, accession, annotated, place: [x, y], shares }) => ({
    ...{ protein: symbol, accession, annotated: annotated.join(";"), umap_x: x, umap_y: y },
    ...Object.fromEntries(compartments.map((name, index) => [name, shares[index]])),
  }));
  return writeCsv(rows, ["protein", "accession", "annotated", "umap_x", "umap_y", ...compartments]);
}
