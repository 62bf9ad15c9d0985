// The tokens of Vermeer: codes of pictures, per stain a token that opens its picture and one that closes it, and the end.
// Ids follow from the numbers of codes and stains.

/** What tokens there are. */
export interface TokenLayout {
  /** Number of codes of pictures, whose ids come first. */
  readonly numCodes: number;
  readonly numStains: number;
  /** Number of codes along a side of a picture. */
  readonly gridSide: number;
}

/** The stains by their number. */
export const vermeerStains = ["nucleus", "microtubules", "er", "protein"] as const;

/** Number of tokens. */
export function vocabularySize({ numCodes, numStains }: TokenLayout): number {
  return numCodes + 2 * numStains + 1;
}

/** The ids of the tokens around a stain's picture, and that of the end. */
export function specialTokens({ numCodes, numStains }: TokenLayout) {
  return {
    open: (stain: number): number => numCodes + stain,
    close: (stain: number): number => numCodes + numStains + stain,
    end: numCodes + 2 * numStains,
  };
}

/** The tokens of pictures: each stain's number with its codes, row by row. */
export function pictureTokens(
  layout: TokenLayout,
  pictures: readonly { readonly stain: number; readonly codes: ArrayLike<number> }[],
): number[] {
  const { open, close } = specialTokens(layout);
  return pictures.flatMap(({ stain, codes }) => [open(stain), ...Array.from(codes), close(stain)]);
}

/** Number of tokens of `stains` pictures. */
export function pictureTokenCount({ gridSide }: TokenLayout, stains: number): number {
  return stains * (gridSide ** 2 + 2);
}

/**
 * The codes of the picture that begins at token `start`, which opens it. A token in it that is no code becomes the last
 * code, as in the released program.
 */
export function codesAt(
  { numCodes, gridSide }: TokenLayout,
  tokens: ArrayLike<number>,
  start: number,
): number[] {
  return Array.from({ length: gridSide ** 2 }, (_, index) =>
    Math.min(tokens[start + 1 + index]!, numCodes - 1),
  );
}
