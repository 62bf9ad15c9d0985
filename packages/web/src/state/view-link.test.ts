import { describe, expect, it } from "vitest";
import { defaultChannels } from "../viewer/display.ts";
import { decodeLink, encodeLink, type LinkedView } from "./view-link.ts";

const view: LinkedView = {
  protein: { id: "FBL", description: "fibrillarin, Größe µ", sequence: "MKPGFSPRGGGFGGRGGFGDRG" },
  edits: [
    { kind: "delete", first: 2, last: 5 },
    { kind: "substitute", at: 9, to: "A" },
    { kind: "insert", before: 7, residues: "GG" },
    { kind: "signal", name: "NLS", where: "C" },
    { kind: "signal", name: "NES", where: 12 },
  ],
  nuclei: ["library:0", "library:7"],
  settings: { samples: 2, steps: 15, guidance: 2.5, sampler: "dpm++", seed: 7 },
  channels: { ...defaultChannels, protein: { ...defaultChannels.protein, low: 0.1, gamma: 0.6 } },
};

describe("a link", () => {
  it("reopens exactly the view that it was made of", () => {
    const fragment = encodeLink(view);
    expect(fragment).toMatch(/^v1\.[A-Za-z0-9_-]+$/);
    expect(decodeLink(`#${fragment}`)).toEqual(view);
    expect(decodeLink(encodeLink({ ...view, channels: null }))).toEqual({ ...view, channels: null });
  });

  it("is none where the address has no fragment", () => {
    expect(decodeLink("")).toBeNull();
    expect(decodeLink("#")).toBeNull();
  });

  it("is refused by name where it is of another version or damaged", () => {
    expect(() => decodeLink("#v9.abc")).toThrow("this link is of version v9, this page reads v1");
    expect(() => decodeLink(`#${encodeLink(view).slice(0, -9)}`)).toThrow("damaged");
    expect(() => decodeLink("#v1.%%%")).toThrow("damaged");
  });

  const change = (changes: object) => {
    const text = Array.from(new TextEncoder().encode(JSON.stringify({ ...view, ...changes })), (byte) =>
      String.fromCharCode(byte),
    ).join("");
    return `v1.${btoa(text).replaceAll("+", "-").replaceAll("/", "_")}`;
  };
  it.each([
    ["protein", { protein: null }],
    ["sequence", { protein: { ...view.protein, sequence: 7 } }],
    ["samples", { settings: { ...view.settings, samples: 1e9 } }],
    ["seed", { settings: { ...view.settings, seed: 0.5 } }],
    ["sampler", { settings: { ...view.settings, sampler: "<script>" } }],
    ["edits", { edits: [{ kind: "other" }] }],
    ["edits", { edits: [{ kind: "delete", first: -1, last: 2 }] }],
    ["nuclei", { nuclei: "all" }],
    [
      "protein",
      { channels: { ...defaultChannels, protein: { ...defaultChannels.protein, colour: "url(x)" } } },
    ],
  ])("is refused for a wrong %s", (field, changes) => {
    expect(() => decodeLink(change(changes))).toThrow(`this link is damaged (${field})`);
  });
});
