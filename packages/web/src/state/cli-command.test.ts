import { describe, expect, it } from "vitest";
import { cliCommand } from "./cli-command.ts";

const protein = { id: "x", description: "", sequence: "MKTAYIAKQRQISFVKSHFSRQ" };
const settings = { samples: 2, steps: 15, guidance: 2.5, sampler: "dpm++", seed: 7 } as const;

describe("the command of a job", () => {
  it("names sequence, settings and seed where the nucleus is that of the seed", () => {
    expect(cliCommand({ kind: "generate", proteins: [protein], nuclei: ["library:7"], settings })).toBe(
      "npx proteoscope generate MKTAYIAKQRQISFVKSHFSRQ --samples 2 --steps 15 --sampler dpm++ --guidance 2.5 --seed 7",
    );
  });

  it("is none where the command line would take another nucleus", () => {
    for (const nuclei of [["library:0"], ["upload:ab:0"], ["library:7", "library:8"]])
      expect(cliCommand({ kind: "generate", proteins: [protein], nuclei, settings })).toBeNull();
  });

  it("quotes what a shell would read otherwise", () => {
    const variants = ["R175H", "R10*", "K2_T3delinsAAA"];
    const command = cliCommand({
      ...{ kind: "mutate", protein, variants, draws: 40, settings, nuclei: ["library:7", "library:8"] },
    });
    expect(command).toContain("R175H 'R10*' K2_T3delinsAAA --draws 40 --nuclei 2");
    expect(command).toContain("--sampler dpm++");
  });

  it("has the draws of a scan where they are given", () => {
    const scan = { kind: "scan", protein, mode: "delete", window: 10, stride: 2, seed: 0 } as const;
    expect(cliCommand({ ...scan, draws: null })).toMatch(/--stride 2 --seed 0$/);
    expect(cliCommand({ ...scan, draws: 50 })).toMatch(/--draws 50$/);
  });
});
