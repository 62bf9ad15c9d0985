// The borders of segmented nuclei, so that a wrong segmentation is seen before anything is generated from it.
// A border is one pixel wide and lies inside of its nucleus.

/** Pixels of labels [height, width] that touch another label or none. */
export function borderOf({
  labels,
  width,
  height,
}: {
  readonly labels: Int32Array;
  readonly width: number;
  readonly height: number;
}): Uint8Array {
  const border = new Uint8Array(labels.length);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      const label = labels[at]!;
      if (label === 0) continue;
      const neighbours = [
        x > 0 ? labels[at - 1] : 0,
        x < width - 1 ? labels[at + 1] : 0,
        y > 0 ? labels[at - width] : 0,
        y < height - 1 ? labels[at + width] : 0,
      ];
      if (neighbours.some((other) => other !== label)) border[at] = 1;
    }
  return border;
}
