// Recorded crops that stand beside generated images: what is asked of whoever reads a data set by whoever shows them, neither of
// which knows the other.

/** A recorded crop. */
export interface RealCrop {
  /** Uint8 [height, width], 255 = 1. */
  readonly protein: Uint8Array;
  readonly nucleus: Uint8Array;
  readonly height: number;
  readonly width: number;
  readonly pixelSizeMicrons: number;
  /** Gene or protein; null where it is not known. */
  readonly gene: string | null;
  readonly compartments: readonly string[];
  readonly cellLine: string | null;
  /** The field of view that it was cut from. */
  readonly field: string;
  readonly source: string;
  /** Never empty: a crop without a licence is not shown. */
  readonly licence: string;
}

/** Recorded crops of a data set. */
export interface RealCropSource {
  /** Name of the data set. */
  readonly name: string;
  /** Crops of a compartment, of as many proteins as there are, and how many there are of it in all. */
  find(
    compartment: string,
    count: number,
  ): Promise<{ readonly total: number; readonly crops: readonly RealCrop[] }>;
}
