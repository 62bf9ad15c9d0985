import { describe, expect, it } from "vitest";
import { explainCompartment, explainTarget } from "./explain-compartment.ts";

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

describe("explainTarget", () => {
  const posterior = { nucleoplasm: 0.2, vesicles: 0.7, extracellular: 0.1 };
  const annotations = [{ source: "Test", compartments: [{ name: "extracellular", grade: null }] }];
  const known = { accession: "P1", gene: null, organism: null, annotations };
  const targetCompartments = { nucleoplasm: 0.4, vesicles: 0.6 };
  const targetOf = (compartment: string) => [{ compartment, share: 1, condition: new Float32Array(0) }];
  const common = { probabilities: predicted, posterior, targetCompartments };

  it("is the annotation for a known protein", () => {
    const explain = (compartment: string) =>
      explainTarget({ ...common, known, knownTargets: targetOf(compartment) });
    expect(explain("nucleoplasm")).toBeUndefined();
    expect(explain("vesicles")).toBe(
      "not nucleoplasm: vesicles is the first of the protein's annotated compartments",
    );
  });

  it("is the posterior for others, and where no image shows what is annotated", () => {
    const clause = explainCompartment(predicted, posterior, targetCompartments);
    expect(explainTarget({ ...common, known: undefined, knownTargets: [] })).toBe(clause);
    expect(explainTarget({ ...common, known, knownTargets: [] })).toBe(
      `annotated in extracellular (Test), of which the model generates no images; ${clause}`,
    );
    const none = { ...common, known, knownTargets: [], targetCompartments: undefined };
    expect(explainTarget(none)).toBeUndefined();
  });
});
