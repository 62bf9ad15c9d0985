// The error of everything that turns a user's image into nuclei. Its message is one line for the user: what is
// wrong with the image, and what to do about it.

import { ProteoscopeError } from "@proteoscope/formats";

/** What is wrong: a choice of plane (channel, z, time), the pixel size, the pixels, or that there are no nuclei. */
export type NucleusProblem =
  | "channel"
  | "z"
  | "time"
  | "pixel-size"
  | "not-finite"
  | "constant"
  | "too-large"
  | "no-nuclei";

const fields: Readonly<Partial<Record<NucleusProblem, string>>> = {
  channel: "nucleusChannel",
  z: "nucleusZ",
  time: "nucleusTime",
  "pixel-size": "pixelSizeMicrons",
  "too-large": "pixelSizeMicrons",
};

/** An image whose nuclei cannot be read; `field` is what the caller may set to help. */
export class NucleusError extends ProteoscopeError {
  override readonly name = "NucleusError";
  readonly problem: NucleusProblem;

  constructor(problem: NucleusProblem, message: string, field: string | undefined = fields[problem]) {
    super(message, { kind: "data", field });
    this.problem = problem;
  }
}
