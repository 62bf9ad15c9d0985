// The kinds of files that a drawing can be written as. Apart from their writers, so that the command line knows the
// names without loading them.

export const drawingFormats = ["png", "ome-tiff", "ome-zarr", "npy"] as const;
export type DrawingFormat = (typeof drawingFormats)[number];
