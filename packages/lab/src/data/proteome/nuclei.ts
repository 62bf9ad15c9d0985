// The nuclei that the cells of a simulated proteome are grown around: those of a library of real nuclei, each in the eight
// orientations of the square, cut to the side of the crops.

import type { NucleusLibrary } from "@proteoscope/imaging";
import { transformSquare } from "../batches/augment.ts";
import { type NucleusPicture, numberComponents } from "../simulate/nucleus-pictures.ts";

/**
 * Pictures of a library's nuclei, cut to the middle `side` pixels.
 * @throws RangeError where the library's crops are smaller than `side` or not square
 */
export function picturesOfLibrary(library: NucleusLibrary, side: number): NucleusPicture[] {
  const { height, width, count, nuclei, masks, fields, source, licence } = library;
  if (height !== width || side > width)
    throw new RangeError(`crops of ${side} pixels cannot be cut from nuclei of ${width} x ${height}`);
  const margin = Math.floor((width - side) / 2);
  const cut = (planes: Uint8Array, picture: number) =>
    Uint8Array.from({ length: side * side }, (_, pixel) => {
      const [x, y] = [margin + (pixel % side), margin + Math.floor(pixel / side)];
      return planes[(picture * height + y) * width + x]!;
    });
  return Array.from({ length: count }, (_, picture): NucleusPicture => {
    const mask = cut(masks, picture);
    return {
      ...{ source, licence, side, fieldOfView: fields[picture]! },
      nucleus: cut(nuclei, picture),
      labels: numberComponents(mask, side),
    };
  });
}

/** A picture in one of the eight orientations of the square. */
export function turnPicture(picture: NucleusPicture, symmetry: number): NucleusPicture {
  const { side } = picture;
  const nucleus = transformSquare(Float32Array.from(picture.nucleus), side, symmetry);
  const labels = transformSquare(Float32Array.from(picture.labels), side, symmetry);
  return { ...picture, nucleus: Uint8Array.from(nucleus), labels: Uint16Array.from(labels) };
}
