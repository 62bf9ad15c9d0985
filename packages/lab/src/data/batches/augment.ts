// Augmentation: the eight symmetries of the square for images, and masking of residues for the language model.
// Everything is a pure function of its input and of numbers that the caller drew.

/** The number of symmetries of the square; symmetry 0 is the identity. */
export const symmetryCount = 8;

/**
 * One symmetry of a square image [C, N, N], the same for all channels: bit 0 mirrors left and right, bit 1 up and down, bit 2
 * swaps rows and columns. The numbers 0 to 7 are the eight symmetries.
 * @throws RangeError for an image that is not square
 */
export function transformSquare(image: Float32Array, side: number, symmetry: number): Float32Array {
  const plane = side * side;
  if (image.length % plane !== 0) {
    throw new RangeError(`${image.length} values are no channels of ${side} x ${side}`);
  }
  const result = new Float32Array(image.length);
  for (let start = 0; start < image.length; start += plane) {
    for (let y = 0; y < side; y++) {
      const row = (symmetry & 2) === 0 ? y : side - 1 - y;
      for (let x = 0; x < side; x++) {
        const column = (symmetry & 1) === 0 ? x : side - 1 - x;
        const from = (symmetry & 4) === 0 ? row * side + column : column * side + row;
        result[start + y * side + x] = image[start + from]!;
      }
    }
  }
  return result;
}

export interface MaskedTokens {
  /** What the model sees. */
  readonly inputs: Int32Array;
  /** The original token where it is to be predicted, and -1 everywhere else. */
  readonly labels: Int32Array;
}

export interface MaskingOptions {
  readonly maskId: number;
  /** Tokens of residues, [begin, end); only they are predicted. */
  readonly residueIds: { readonly begin: number; readonly end: number };
  /** Fraction of residues that are predicted; default 0.15. */
  readonly rate?: number;
}

/**
 * Chooses residues to predict (Devlin et al. 2019, arXiv:1810.04805): 80 % are shown as the mask, 10 % as a random
 * residue, 10 % as they are. `uniform` holds 3 numbers in [0, 1) for each token.
 */
export function maskTokens(
  tokens: ArrayLike<number>,
  uniform: Float32Array,
  { maskId, residueIds, rate = 0.15 }: MaskingOptions,
): MaskedTokens {
  const { begin, end } = residueIds;
  const inputs = Int32Array.from(tokens);
  const labels = new Int32Array(tokens.length).fill(-1);
  for (let i = 0; i < inputs.length; i++) {
    const isResidue = inputs[i]! >= begin && inputs[i]! < end;
    if (!isResidue || uniform[3 * i]! >= rate) continue;
    labels[i] = inputs[i]!;
    const kind = uniform[3 * i + 1]!;
    if (kind < 0.8) inputs[i] = maskId;
    else if (kind < 0.9) inputs[i] = begin + Math.floor(uniform[3 * i + 2]! * (end - begin));
  }
  return { inputs, labels };
}
