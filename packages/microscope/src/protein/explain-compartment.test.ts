import { describe, expect, it } from "vitest";
import { explainCompartment } from "./explain-compartment.ts";

const predicted = { nucleoplasm: 0.56, vesicles: 0.41, extracellular: 0.3 };

describe("explainCompartment", () => {
  it("has nothing to say where the two agree", () => {
    const posterior = { nucleoplasm: 0.5, vesicles: 0.3, extracellular: 0.2 };
    expect(explainCompartment(predicted, posterior)).toBeUndefined();
    expect(explainCompartment(predicted, posterior, { nucleoplasm: 1, vesicles: 0 })).toBeUndefined();
  });

  it("names the balanced posterior where that decides", () => {
    const posterior = { nucleoplasm: 0.2, vesicles: 0.7, extracellular: 0.1 };
    const clause =
      "not nucleoplasm: with all compartments equally frequent, vesicles is the most probable, 0.70";
    expect(explainCompartment(predicted, posterior)).toBe(clause);
    expect(explainCompartment(predicted, posterior, { nucleoplasm: 0, vesicles: 1 })).toBe(clause);
  });

  it("does not call most probable what is so among those with images alone", () => {
    const posterior = { nucleoplasm: 0.1, vesicles: 0.2, extracellular: 0.7 };
    expect(explainCompartment(predicted, posterior, { nucleoplasm: 0, vesicles: 1 })).toBe(
      "not nucleoplasm: with all compartments equally frequent, vesicles is the most probable of those that the model generates images of, 0.20",
    );
    expect(explainCompartment(predicted, posterior)).toMatch(/extracellular is the most probable, 0\.70$/);
  });

  it("says that a compartment has no images where it would be the first", () => {
    const secreted = { nucleoplasm: 0.1, vesicles: 0.2, extracellular: 0.9 };
    const posterior = { nucleoplasm: 0.1, vesicles: 0.2, extracellular: 0.7 };
    expect(explainCompartment(secreted, posterior, { nucleoplasm: 0, vesicles: 1 })).toBe(
      "not extracellular, of which the model generates no images: vesicles is the most probable of the others",
    );
  });
});
