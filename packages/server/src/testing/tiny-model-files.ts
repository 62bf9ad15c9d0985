// The model of the server's tests: random weights,
// and one annotated protein.

import { randomModelFiles, tinyShape } from "@proteoscope/microscope/testing";

/** The one annotated protein of the tiny model. */
export const knownSequence = "MKWVTFISLLFLFSSAYSRG";

/** Files of the tiny model with one annotated protein, which is called KNOWN. */
export function tinyModelFiles(): Map<string, Uint8Array> {
  const annotated = [{ name: "golgi_apparatus", grade: null }];
  return randomModelFiles({ ...tinyShape, homolog: knownSequence, annotated });
}
