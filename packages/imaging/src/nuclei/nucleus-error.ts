// The error of everything that turns a user's image into nuclei. Its message is one line for the user: what is
// wrong with the image, and what to do about it.

import { ProteoscopeError } from "@proteoscope/formats";

export type NucleusProblem = "channel" | "pixel-size" | "not-finite" | "constant" | "too-large" | "no-nuclei";

const fields: Readonly<Partial<Record<NucleusProblem, string>>> = {
  channel: "nucleusChannel",
  constant: "nucleusChannel",
  "pixel-size": "pixelSizeMicrons",
  "too-large": "pixelSizeMicrons",
};

/** An image whose nuclei cannot be read; `field` is what the caller may set to help. */
export class NucleusError extends ProteoscopeError {
  override readonly name = "NucleusError";
  readonly problem: NucleusProblem;

  constructor(problem: NucleusProblem, message: string) {
    super(message, { kind: "data", field: fields[problem] });
    this.problem = problem;
  }
}
