// Lengths in micrometres, by the units that OME-XML, ImageJ, TIFF and OME-Zarr name: one table, so that every format
// reads a pixel's size alike.

// By lower-cased unit; the micro sign and the Greek mu are two characters, and a third stands for a byte that was lost.
const micronsByUnit: ReadonlyMap<string, number> = new Map([
  ["\u00b5m", 1],
  ["\u03bcm", 1],
  ["\ufffdm", 1],
  ["um", 1],
  ["micron", 1],
  ["microns", 1],
  ["micrometer", 1],
  ["micrometre", 1],
  ["nm", 1e-3],
  ["nanometer", 1e-3],
  ["nanometre", 1e-3],
  ["pm", 1e-6],
  ["picometer", 1e-6],
  ["\u00e5", 1e-4],
  ["angstrom", 1e-4],
  ["mm", 1e3],
  ["millimeter", 1e3],
  ["millimetre", 1e3],
  ["cm", 1e4],
  ["centimeter", 1e4],
  ["m", 1e6],
  ["meter", 1e6],
  ["metre", 1e6],
  ["inch", 25400],
  ["in", 25400],
]);

/** A length in micrometres; undefined where it is no positive number or the unit is no length. */
export function micronsOf(value: number | undefined, unit: string): number | undefined {
  const microns = (value ?? Number.NaN) * (micronsByUnit.get(unit.trim().toLowerCase()) ?? Number.NaN);
  return Number.isFinite(microns) && microns > 0 ? microns : undefined;
}
