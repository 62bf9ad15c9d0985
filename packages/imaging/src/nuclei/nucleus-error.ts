// The error of everything that turns a user's image into nuclei. Its message is one line for the user: what is
// wrong with the image, and what to do about it.

export type NucleusProblem = "channel" | "pixel-size" | "not-finite" | "constant" | "too-large" | "no-nuclei";

export class NucleusError extends Error {
  readonly problem: NucleusProblem;

  constructor(problem: NucleusProblem, message: string) {
    super(message);
    this.name = "NucleusError";
    this.problem = problem;
  }
}
