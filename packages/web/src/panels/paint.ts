// Painting on a mask: a disc of pixels that is set or cleared. The mask that is given stays as it is, so that a stroke can be
// shown before it is kept.

/** The mask [side, side] with a disc set to a value. */
export function paintDisc(
  mask: Uint8Array,
  side: number,
  middle: { readonly x: number; readonly y: number },
  radius: number,
  value: 0 | 1,
): Uint8Array<ArrayBuffer> {
  const painted = Uint8Array.from(mask);
  const [top, bottom] = [
    Math.max(0, Math.floor(middle.y - radius)),
    Math.min(side - 1, Math.ceil(middle.y + radius)),
  ];
  for (let y = top; y <= bottom; y++)
    for (let x = Math.max(0, Math.floor(middle.x - radius)); x <= Math.min(side - 1, middle.x + radius); x++)
      if ((x + 0.5 - middle.x) ** 2 + (y + 0.5 - middle.y) ** 2 <= radius ** 2) painted[y * side + x] = value;
  return painted;
}
