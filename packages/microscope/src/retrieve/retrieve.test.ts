import { createGenerator } from "@proteoscope/engine";
import { FormatError } from "@proteoscope/formats";
import { describe, expect, it } from "vitest";
import type { ImageClassifier } from "../image/classifier.ts";
import { buildIndex, type IndexSource } from "./build-index.ts";
import { drawContactSheet } from "./contact-sheet.ts";
import { type IndexItem, readIndexPart, thumbnailSide, writeIndexPart } from "./index-file.ts";
import { openRetrievalIndex } from "./retrieve.ts";

const width = 12;
const thumbnail = Uint8Array.from({ length: 2 * thumbnailSide ** 2 }, (_, i) => i % 256);
const item = (id: string, protein: string | null, features: Float32Array, rest: Partial<IndexItem> = {}) => ({
  ...{ id, protein, features, thumbnail, kind: "image" as const, field: id, isSynthetic: false, cells: 1 },
  ...{ digest: null },
  ...rest,
});
const noise = (name: string, scale: number) =>
  createGenerator(3, name)
    .normal(width)
    .map((value) => value * scale);
/** Three images per protein that resemble each other; feature 0 varies a thousandfold more than the others and says nothing. */
const items = ["A", "B", "C", "D"].flatMap((protein) =>
  [0, 1, 2].map((i) => {
    const features = noise(protein, 1).map((value, k) => value + noise(`${protein}${i}`, 0.1)[k]!);
    features[0] = 1000 * noise(`loud ${protein}${i}`, 1)[0]!;
    return item(`${protein}${i}`, protein, features);
  }),
);

describe("a retrieval index", () => {
  const index = openRetrievalIndex(items);

  it("ranks the protein first whose images look like the query", () => {
    for (const { features, protein } of items) {
      const ranked = index.rankProteins(features);
      expect(ranked.map(({ rank }) => rank)).toEqual([1, 2, 3, 4]);
      expect(ranked[0]).toMatchObject({ name: protein, items: 3 });
      expect(ranked[0]!.nearest.features).toBe(features);
    }
  });

  it("ranks images by their similarity, and no drawn items among them", () => {
    const drawn = item("drawn A", "A", items[0]!.features, { kind: "drawn" });
    const ranked = openRetrievalIndex([...items, drawn]).rankImages(items[0]!.features);
    expect(ranked).toHaveLength(12);
    expect(ranked[0]).toMatchObject({ name: "A0", protein: "A" });
    expect(ranked[0]!.similarity).toBeCloseTo(1, 6);
    expect(ranked.slice(0, 3).map(({ protein }) => protein)).toEqual(["A", "A", "A"]);
  });

  it("scores itself above chance where proteins differ, and at chance where they do not", () => {
    const scores = index.scoreItself()!;
    expect(scores).toMatchObject({ queries: 12, gallery: 4, medianRank: 1 });
    expect(scores.recall[0]).toMatchObject({ k: 1, recall: 1, chance: 0.25 });
    const shuffled = Array.from({ length: 200 }, (_, i) => item(`x${i}`, `P${i % 10}`, noise(`x${i}`, 1)));
    const [first] = openRetrievalIndex(shuffled).scoreItself()!.recall;
    expect(first!.chance).toBeCloseTo(0.1, 12);
    expect(first!.recall).toBeLessThan(0.2);
  });

  it("does not find an image by others of its field of view", () => {
    const sameField = items.map((one) => ({ ...one, field: one.protein! }));
    expect(openRetrievalIndex(sameField).scoreItself()).toBeUndefined();
    const mixed = items.map((one) => ({ ...one, field: one.id === "A0" ? "other" : one.protein! }));
    expect(openRetrievalIndex(mixed).scoreItself()!.queries).toBe(3);
  });

  it("leaves out images of unknown proteins among proteins", () => {
    const unknown = openRetrievalIndex([...items, item("new", null, noise("new", 1))]);
    expect(unknown.proteins).toEqual(["A", "B", "C", "D"]);
    expect(unknown.rankImages(items[0]!.features)).toHaveLength(13);
  });

  it("refuses no items, and features of several widths", () => {
    expect(() => openRetrievalIndex([])).toThrow(RangeError);
    expect(() => openRetrievalIndex([...items, item("x", "X", new Float32Array(3))])).toThrow(
      /several widths/,
    );
  });

  it("shows the query and the answers with ranks on a contact sheet", () => {
    const answers = index.rankProteins(items[0]!.features);
    const sheet = drawContactSheet(item("query", null, items[0]!.features, { isSynthetic: true }), answers);
    expect(sheet.width).toBe(5 * (2 * thumbnailSide + 6) + 6);
    expect(sheet.height).toBeGreaterThan(2 * thumbnailSide);
  });
});

describe("a part of an index", () => {
  it("is read as it was written", () => {
    const [first, ...others] = items;
    const parts = [{ ...first!, digest: "ab12" }, ...others];
    expect(readIndexPart(writeIndexPart(parts))).toEqual(parts);
    expect(readIndexPart(writeIndexPart([]))).toEqual([]);
  });

  it("is read where it is of before digests were written", () => {
    const { digest, ...old } = items[0]!;
    expect(readIndexPart(writeIndexPart([old as IndexItem]))).toEqual([items[0]]);
  });

  it("is refused where it is none", () => {
    const bytes = writeIndexPart(items);
    expect(() => readIndexPart(bytes.subarray(0, bytes.length - 5))).toThrow(FormatError);
    const other = new TextDecoder("latin1").decode(bytes).replace("thumbnails", "thumbnailz");
    expect(() => readIndexPart(Uint8Array.from(other, (c) => c.charCodeAt(0)))).toThrow(
      /no part of an index/,
    );
  });
});

describe("buildIndex", () => {
  const side = 40;
  const classifier: ImageClassifier = {
    classify: async (planes) => [{ probabilities: new Float32Array(2), features: planes.slice(0, 2) }],
    close: async () => undefined,
  };
  const source = (id: string, ...firsts: number[]): IndexSource => ({
    ...{ id, kind: "image", protein: id, field: id, isSynthetic: false, digest: `digest of ${id}` },
    read: async () => firsts.map((first) => new Float32Array(3 * side * side).fill(first)),
  });
  const collect = async (...args: Parameters<typeof buildIndex>) => {
    const parts = [];
    for await (const part of buildIndex(...args)) parts.push(part);
    return {
      items: parts.flatMap((part) => part.items),
      refused: parts.flatMap((part) => part.refused),
      parts,
    };
  };

  it("takes the mean over the cells of an image, and a small picture of the first", async () => {
    const built = await collect(classifier, [source("a", 0.25, 0.75)]);
    expect(built.items[0]).toMatchObject({
      id: "a",
      digest: "digest of a",
      cells: 2,
      features: Float32Array.of(0.5, 0.5),
    });
    expect(built.items[0]!.thumbnail.every((value) => value === 64)).toBe(true);
  });

  it("names what has no cells", async () => {
    const sources = [source("a", 1), source("none"), source("b", 1)];
    const built = await collect(classifier, sources);
    expect(built.items.map(({ id }) => id)).toEqual(["a", "b"]);
    expect(built.refused).toMatchObject([
      { id: "none", error: { kind: "data", message: /^none: no cells/ } },
    ]);
    const ofFile = await collect(classifier, [{ ...source("none"), path: "images/none.npy" }]);
    expect(ofFile.refused).toMatchObject([{ error: { message: /^images\/none\.npy: no cells/ } }]);
  });

  it("gives what is made when it is aborted, then the reason", async () => {
    const controller = new AbortController();
    const sources = Array.from({ length: 10 }, (_, i) => ({
      ...source(`s${i}`, 1),
      read: async () => {
        if (i === 3) controller.abort();
        return [new Float32Array(3 * side * side)];
      },
    }));
    const made: string[] = [];
    const work = (async () => {
      for await (const { items: part } of buildIndex(classifier, sources, {
        signal: controller.signal,
      }))
        made.push(...part.map(({ id }) => id));
    })();
    await expect(work).rejects.toMatchObject({ name: "AbortError" });
    expect(made).toEqual(["s0", "s1", "s2", "s3"]);
  });
});
