// The cells of a crop: bodies grown from real nuclei. Every pixel belongs to the nearest nucleus, by a distance that is
// stretched along one axis of each cell and roughened by smooth noise; a cell ends where that distance is above its
// reach. Cells that reach far fill the crop like a dense culture, others stand on black.

import { euclideanDistance, nuclearDistance } from "@proteoscope/imaging";
import type { Point } from "./canvas.ts";
import type { Draws } from "./draws.ts";
import { smoothNoise } from "./smooth-noise.ts";

export interface SimulatedCell {
  /** Centre of mass of the nucleus. */
  readonly centre: Point;
  /** Radius of a disc of the nucleus's area. */
  readonly nuclearRadius: number;
  /** Direction in which the body is long, in radians. */
  readonly axis: number;
  /** How much of the protein this cell makes, beside its neighbours. */
  readonly brightness: number;
  /** Pixels of the body, nucleus included, in scanning order. */
  readonly pixels: Int32Array;
}

export interface CellField {
  readonly side: number;
  readonly cells: readonly SimulatedCell[];
  /** Position in `cells`, -1 outside every body. [N, N] */
  readonly owner: Int16Array;
  /** Signed distance to the nuclear border in pixels, positive inside nuclei. [N, N] */
  readonly depth: Float32Array;
  /** Distance to the border of the own body in pixels, 0 outside. [N, N] */
  readonly edge: Float32Array;
}

/** Grows bodies around nuclei; `labels` [N, N] numbers the nuclei from 1. */
export function growCells(labels: Uint16Array, side: number, draws: Draws): CellField {
  const size = { height: side, width: side };
  const plane = side * side;
  const count = labels.reduce((most, label) => Math.max(most, label), 0);
  const isIsolated = draws.chance(count === 1 ? 0.75 : 0.15);
  const brightnessSpread = draws.between(0.05, 0.5);
  const roughness = draws.between(1, 5);
  const sharedNoise = smoothNoise(side, draws.between(10, 30), draws);
  const owner = new Int16Array(plane).fill(-1);
  const nearest = new Float32Array(plane).fill(Number.POSITIVE_INFINITY);
  const shapes = Array.from({ length: count }, (_, cell) => {
    const isOther = new Uint8Array(plane);
    for (let pixel = 0; pixel < plane; pixel++) isOther[pixel] = labels[pixel] === cell + 1 ? 0 : 1;
    const distance = euclideanDistance(isOther, size);
    const { centre, area } = measure(isOther, side);
    const axis = draws.between(0, Math.PI);
    const squeeze = draws.between(0, isIsolated ? 2 : 0.5);
    const reach = isIsolated ? draws.between(12, 45) : draws.between(18, 60);
    const noise = smoothNoise(side, draws.between(8, 20), draws);
    for (let pixel = 0; pixel < plane; pixel++) {
      const dx = (pixel % side) - centre.x;
      const dy = Math.floor(pixel / side) - centre.y;
      const across = (dy * Math.cos(axis) - dx * Math.sin(axis)) ** 2 / (dx * dx + dy * dy + 1e-6);
      const rough = roughness * (0.7 * noise[pixel]! + sharedNoise[pixel]!);
      const stretched = isOther[pixel] === 0 ? -1e3 : distance[pixel]! * (1 + squeeze * across) + rough;
      if (stretched < reach && stretched < nearest[pixel]!) {
        nearest[pixel] = stretched;
        owner[pixel] = cell;
      }
    }
    const brightness = Math.exp(brightnessSpread * draws.normal());
    return { centre, nuclearRadius: Math.sqrt(area / Math.PI), axis, brightness };
  });
  const mask = labels.map((label) => (label > 0 ? 1 : 0));
  const pixels: number[][] = shapes.map(() => []);
  for (const [pixel, cell] of owner.entries()) if (cell >= 0) pixels[cell]!.push(pixel);
  return {
    side,
    cells: shapes.map((shape, cell) => ({ ...shape, pixels: Int32Array.from(pixels[cell]!) })),
    owner,
    depth: nuclearDistance(mask, size),
    edge: edgeDistance(owner, side),
  };
}

/** Whether a pixel lies in a body and outside its nucleus. */
export function isCytoplasm({ owner, depth }: CellField, pixel: number): boolean {
  return owner[pixel]! >= 0 && depth[pixel]! < 0;
}

function measure(isOther: Uint8Array, side: number): { centre: Point; area: number } {
  let [x, y, area] = [0, 0, 0];
  for (const [pixel, other] of isOther.entries()) {
    if (other !== 0) continue;
    x += pixel % side;
    y += Math.floor(pixel / side);
    area++;
  }
  return { centre: { x: x / area, y: y / area }, area };
}

/** Distance to the nearest pixel that is of another cell, of none, or touches such a one; the frame is no border. */
function edgeDistance(owner: Int16Array, side: number): Float32Array {
  const isInner = owner.map((cell, pixel) => {
    if (cell < 0) return 0;
    const x = pixel % side;
    const differs = (other: number) => owner[other] !== undefined && owner[other] !== cell;
    const left = x > 0 && differs(pixel - 1);
    const right = x < side - 1 && differs(pixel + 1);
    return left || right || differs(pixel - side) || differs(pixel + side) ? 0 : 1;
  });
  const inner = euclideanDistance(isInner, { height: side, width: side });
  return inner.map((distance, pixel) => (owner[pixel]! < 0 ? 0 : Math.min(distance, side) + 0.5));
}
