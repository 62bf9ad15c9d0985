// Marks on a plane of dye: spots with Gaussian profile and threads that wander. Positions are in pixels and need not
// be whole; what falls outside the plane is cut.

import type { Draws } from "./draws.ts";

export interface Canvas {
  readonly side: number;
  /** [N, N] */
  readonly plane: Float32Array;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export function createCanvas(side: number): Canvas {
  return { side, plane: new Float32Array(side * side) };
}

/** Adds a Gaussian spot of a peak height. */
export function stampSpot({ side, plane }: Canvas, { x, y }: Point, sigma: number, height: number): void {
  const reach = Math.ceil(3 * sigma);
  const [left, top] = [Math.max(0, Math.round(x) - reach), Math.max(0, Math.round(y) - reach)];
  const [right, bottom] = [
    Math.min(side - 1, Math.round(x) + reach),
    Math.min(side - 1, Math.round(y) + reach),
  ];
  for (let row = top; row <= bottom; row++) {
    for (let column = left; column <= right; column++) {
      const square = (column - x) ** 2 + (row - y) ** 2;
      plane[row * side + column]! += height * Math.exp(-square / (2 * sigma * sigma));
    }
  }
}

export interface Thread {
  readonly start: Point;
  /** Direction of the first step, in radians. */
  readonly angle: number;
  readonly lengthPixels: number;
  /** Standard deviation of the change of direction over one pixel, in radians. */
  readonly bend: number;
  readonly height: number;
  /** Ends where it may not go on, and does not turn away: it may bend all the same. */
  readonly endsAtBorder?: boolean;
}

const stepPixels = 0.5;

// Which way a thread turns where it may not go on, in radians: the first that is open, so many times.
const detours = [0, 0.4, -0.4, 0.9, -0.9];
const mostDetours = 6;

/** Draws a thread of one pixel's width that keeps to where it `mayEnter` and ends where there is no way on. */
export function drawThread(
  canvas: Canvas,
  { start, angle, lengthPixels, bend, height, endsAtBorder = false }: Thread,
  draws: Draws,
  mayEnter: (pixel: number) => boolean,
): void {
  const { side } = canvas;
  const steps = Math.ceil(lengthPixels / stepPixels);
  const turns = draws.normals(steps);
  let { x, y } = start;
  let direction = angle;
  let turned = 0;
  for (let step = 0; step < steps; step++) {
    const isOpen = (turn: number) => {
      const column = Math.round(x + 2 * stepPixels * Math.cos(direction + turn));
      const row = Math.round(y + 2 * stepPixels * Math.sin(direction + turn));
      return column >= 0 && row >= 0 && column < side && row < side && mayEnter(row * side + column);
    };
    const turn = detours.find(isOpen);
    if (turn === undefined || (turn !== 0 && ++turned > (endsAtBorder ? 0 : mostDetours))) return;
    direction += turn;
    x += stepPixels * Math.cos(direction);
    y += stepPixels * Math.sin(direction);
    depositPoint(canvas, x, y, height * stepPixels);
    direction += bend * Math.sqrt(stepPixels) * turns[step]!;
  }
}

/** Shares an amount among the four pixels around a point. */
function depositPoint({ side, plane }: Canvas, x: number, y: number, amount: number): void {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  for (let row = top; row <= top + 1; row++) {
    for (let column = left; column <= left + 1; column++) {
      if (row < 0 || column < 0 || row >= side || column >= side) continue;
      plane[row * side + column]! += amount * (1 - Math.abs(column - x)) * (1 - Math.abs(row - y));
    }
  }
}
