import { ProteoscopeError } from "@proteoscope/formats";
import { describe, expect, it } from "vitest";
import { namedSignals } from "./signals.ts";
import { parseVariant } from "./variants.ts";

const protein = { id: "TOY", sequence: "MKRSTAYVLW" };
const sequenceOf = (name: string) => parseVariant(name, protein).sequence;

describe("a variant", () => {
  it.each([
    ["R3H", "MKHSTAYVLW"],
    ["p.Arg3His", "MKHSTAYVLW"],
    ["p.(Arg3His)", "MKHSTAYVLW"],
    ["Y7*", "MKRSTA"],
    ["p.Tyr7Ter", "MKRSTA"],
    ["del:2-4", "MTAYVLW"],
    ["del:10", "MKRSTAYVL"],
    ["R3del", "MKSTAYVLW"],
    ["p.Lys2_Ser4del", "MTAYVLW"],
    ["K2_R3delinsAAA", "MAAASTAYVLW"],
    ["ins:5:GG", "MKRSGGTAYVLW"],
    ["ins:11:GG", "MKRSTAYVLWGG"],
    ["S4_T5insGG", "MKRSGGTAYVLW"],
    ["keep:4-6", "MSTA"],
    ["keep:1-3", "MKR"],
    ["fuse:N:GGS", "MGGSKRSTAYVLW"],
    ["fuse:N:MGS", "MGSMKRSTAYVLW"],
    ["fuse:C:GGS", "MKRSTAYVLWGGS"],
    ["signal:NLS@N", "MPKKKRKVKRSTAYVLW"],
    ["signal:nls@C", "MKRSTAYVLWPKKKRKV"],
    ["signal:NLS@5", "MKRSPKKKRKVTAYVLW"],
    ["signal:KDEL", "MKRSTAYVLWKDEL"],
    ["signal:SP", "MLLSVPLLLGLLGLAVAMKRSTAYVLW"],
    ["R3H+L9P", "MKHSTAYVPW"],
    ["del:2-3+signal:PTS1@C", "MSTAYVLWSKL"],
  ])("%s is %s", (name, sequence) => {
    expect(sequenceOf(name)).toBe(sequence);
  });

  it("says in words what it changes, and where a signal comes from", () => {
    expect(parseVariant("R3H", protein).description).toBe("R at 3 becomes H");
    expect(parseVariant("Y7*", protein).description).toBe("ends behind residue 6");
    expect(parseVariant("signal:PTS1", protein).description).toMatch(
      /SKL at the C terminus \(.*Gould et al\. 1989/,
    );
  });

  it.each([
    ["K3H", "K3H: residue 3 of TOY is R, not K (K is at 2)"],
    ["p.Trp3His", "p.Trp3His: residue 3 of TOY is R, not W"],
    ["W11A", "W11A: TOY has residues 1 to 10, not 11"],
    ["del:0-3", "del:0-3: TOY has residues 1 to 10, not 0"],
    ["del:4-2", "del:4-2: its range ends before it begins"],
    ["R3_T5insGG", "R3_T5insGG: residues 3 and 5 are not neighbours"],
    ["R3J", 'R3J: "J" has letters that are no residues'],
    ["Foo3His", 'Foo3His: "Foo" is no amino acid'],
    ["R3R", "R3R: changes nothing"],
    ["signal:NLS", "signal:NLS: say where: signal:NLS@N, @C or the residue that it stands before"],
    ["signal:KDEL@N", "signal:KDEL@N: KDEL works at the C terminus alone: signal:KDEL@C"],
  ])("%s is refused with what is wrong", (name, message) => {
    expect(() => parseVariant(name, protein)).toThrow(
      new ProteoscopeError(message, { kind: "usage", field: "variants" }),
    );
  });

  it("of an unknown form or signal is refused with those that are known", () => {
    expect(() => parseVariant("frobnicate", protein)).toThrow(/unknown form; a variant is R175H/);
    expect(() => parseVariant("signal:XYZ@N", protein)).toThrow(/known are NLS, NLS-bipartite/);
  });

  it("whose changes overlap is refused", () => {
    expect(() => parseVariant("del:2-4+R3H", protein)).toThrow(
      /^del:2-4\+R3H: two changes overlap at residue 3/,
    );
    expect(() => parseVariant("", protein)).toThrow(/^an empty variant: unknown form/);
  });

  it("that once meant a stop is refused with today's form", () => {
    expect(() => parseVariant("R3X", protein)).toThrow(/^R3X: .* write R3\* for a stop/);
    expect(() => parseVariant("p.Arg3X", protein)).toThrow(/write Arg3\* for a stop/);
    expect(sequenceOf("p.Arg3Xaa")).toBe("MKXSTAYVLW");
  });

  it("that inserts very much is refused, and much is shown by its beginning and length", () => {
    expect(() => parseVariant(`ins:5:${"G".repeat(60_000)}`, protein)).toThrow(
      /^ins:5:G{18}\.\.\. \(60006\): inserts 60000 residues, at most 5000/,
    );
    expect(parseVariant(`ins:5:${"G".repeat(2400)}`, protein).description).toBe(
      `${"G".repeat(24)}... (2400) before residue 5`,
    );
  });
});

describe("every named signal", () => {
  it.each(namedSignals)(
    "$name is a peptide with its protein and its source",
    ({ residues, source, terminus }) => {
      expect(residues).toMatch(/^[ACDEFGHIKLMNPQRSTVWY]{3,30}$/);
      expect(source).toMatch(/[OPQ]\d[A-Z0-9]{3}\d/);
      expect(source).toMatch(/doi:10\.|UniProt/);
      expect(terminus === "N").toBe(residues.startsWith("M"));
    },
  );
});
