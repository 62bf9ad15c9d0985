import type { ArgsDef } from "citty";
import { describe, expect, it } from "vitest";
import { checkArguments, parseInteger, parseNumber } from "./arguments.ts";

const args = {
  protein: { type: "positional", description: "what" },
  steps: { type: "string" },
  output: { type: "string", alias: "o" },
  json: { type: "boolean" },
  sampler: { type: "enum", options: ["ddim", "ddpm", "dpm++"] },
} as const satisfies ArgsDef;

function mistake(words: string[], takesMany = false): string {
  try {
    checkArguments(words, args, takesMany);
  } catch (error) {
    expect(error).toMatchObject({ name: "CommandError", exitCode: 2 });
    return (error as Error).message;
  }
  return "";
}

describe("checkArguments", () => {
  it("lets a right command line pass, in every spelling", () => {
    expect(mistake(["LMNB1", "--steps", "15", "-o", "out", "--json", "--sampler=dpm++"])).toBe("");
    expect(mistake(["--no-json", "--", "--strange-name"])).toBe("");
    expect(mistake(["-", "--steps", "-3"])).toBe("");
  });

  it("names the nearest option to an unknown one", () => {
    expect(mistake(["x", "--step", "3"])).toBe("unknown option --step (did you mean --steps?)");
    expect(mistake(["x", "--no-jsn"])).toContain("unknown option --no-jsn");
    expect(mistake(["x", "-q"])).toBe("unknown option -q");
  });

  it("misses the value of an option", () => {
    expect(mistake(["x", "--steps"])).toBe("--steps needs a value");
    expect(mistake(["x", "--steps", "--json"])).toBe("--steps needs a value");
    expect(mistake(["x", "--steps="])).toBe("--steps needs a value");
    expect(mistake(["x", "-o"])).toBe("--output needs a value");
  });

  it("refuses a value for a flag and a word outside a choice", () => {
    expect(mistake(["x", "--json=yes"])).toBe('--json takes no value, got "yes"');
    expect(mistake(["x", "--sampler", "ddmp"])).toMatch(
      /--sampler is one of ddim, ddpm, dpm\+\+, got "ddmp" \(did you mean dd[ip]m\?\)/,
    );
  });

  it("counts the positionals", () => {
    expect(mistake([])).toBe("<protein> is missing");
    expect(mistake(["a", "b"])).toBe('unexpected argument "b"');
    expect(mistake(["a", "b", "c"], true)).toBe("");
  });
});

describe("numbers of options", () => {
  it("are read within their limits", () => {
    expect(parseInteger("steps", "50", { min: 1 })).toBe(50);
    expect(parseNumber("guidance", "-1.5e1")).toBe(-15);
  });

  it("are refused otherwise, with the option, the limits and what was given", () => {
    expect(() => parseInteger("steps", "0", { min: 1, max: 1000 })).toThrow(
      '--steps takes a whole number from 1 to 1000, got "0"',
    );
    for (const text of ["1.5", "ten", "", "0x10", "1e3"])
      expect(() => parseInteger("steps", text)).toThrow("--steps");
    for (const text of ["", " ", "NaN", "Infinity", "1,5"])
      expect(() => parseNumber("guidance", text)).toThrow();
    expect(() => parseNumber("guidance", "11", { max: 10 })).toThrow('a number up to 10, got "11"');
  });
});
