import { describe, expect, it } from "vitest";
import { readManifest } from "./manifest.ts";
import { predictionHeader, predictionLine } from "./predictions.ts";

const columns = [
  ...["uid", "source_db", "plate_well_id", "cell_id", "cell_line", "prediction_id", "microtubules_image"],
  ...["nucleus_image", "er_image", "poi_image", "poi_ensembl_gene_id", "aa_sequence_fasta_path"],
];
const row = (fields: Record<string, string>) =>
  columns.map(
    (column) =>
      ({
        microtubules_image: "m.tiff",
        nucleus_image: "n.tiff",
        er_image: "e.tiff",
        aa_sequence_fasta_path: "s.fasta",
        ...fields,
      })[column] ?? "",
  );
const tsv = (...rows: readonly string[][]) =>
  new TextEncoder().encode([columns, ...rows].map((cells) => cells.join("\t")).join("\r\n"));

describe("a manifest as TSV", () => {
  it("gives its records, whatever other columns it has", () => {
    const results = readManifest(
      tsv(row({ prediction_id: "p1", cell_line: "U2OS" }), row({ prediction_id: "p-2.x" })),
      "m.tsv",
    );
    expect(results).toEqual([
      { record: { id: "p1", nucleusImage: "n.tiff", fastaFile: "s.fasta", cellLine: "U2OS", line: 2 } },
      { record: { id: "p-2.x", nucleusImage: "n.tiff", fastaFile: "s.fasta", cellLine: "", line: 3 } },
    ]);
  });

  it.each([
    [{ prediction_id: "" }, "prediction_id is empty"],
    [
      { prediction_id: "x", er_image: "", aa_sequence_fasta_path: " " },
      "er_image, aa_sequence_fasta_path or fasta_file is empty",
    ],
    [{ prediction_id: "../x" }, 'prediction_id "../x" is no name of a file'],
    [{ prediction_id: ".x" }, 'prediction_id ".x" is no name of a file'],
    [{ prediction_id: "p1" }, 'prediction_id "p1" stands twice'],
  ])("refuses a record with %j, and reads the others", (fields, reason) => {
    const results = readManifest(
      tsv(row({ prediction_id: "p1" }), row(fields), row({ prediction_id: "p3" })),
      "m.tsv",
    );
    expect(results[1]!.refused).toEqual({ id: fields.prediction_id, file: "m.tsv", line: 3, reason });
    expect([results[0]!.record?.id, results[2]!.record?.id]).toEqual(["p1", "p3"]);
  });

  it("is refused without its columns", () => {
    const bytes = new TextEncoder().encode("prediction_id,nucleus_image\na,b\n");
    expect(() => readManifest(bytes, "m.tsv")).toThrow(
      /lacks the column prediction_id, microtubules_image.*tabs between its columns/,
    );
  });
});

describe("records as JSON", () => {
  const record = {
    prediction_id: "p1",
    microtubules_image: "m",
    er_image: "e",
    nucleus_image: "n",
    fasta_file: "s.faa",
  };
  const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value, null, 1));

  it("are a list, or one", () => {
    const expected = { record: { id: "p1", nucleusImage: "n", fastaFile: "s.faa", cellLine: "", line: 1 } };
    expect(readManifest(json(record), "r.json")).toEqual([expected]);
    const [first, second] = readManifest(json([record, { ...record, prediction_id: 7 }]), "r.json");
    expect(first).toEqual(expected);
    expect(second!.refused!.reason).toBe("prediction_id is empty");
  });

  it("are objects", () => {
    expect(() => readManifest(json([record, 3]), "r.json")).toThrow(/r\.json: record 2 is no object/);
    expect(() => readManifest(new TextEncoder().encode("[{"), "r.json")).toThrow(/r\.json/);
  });
});

describe("the table of predictions", () => {
  it("has the columns of the baseline, and says what failed", () => {
    const run = { version: "1.2.3", seed: 4, steps: 15 };
    const cells = (line: string) =>
      Object.fromEntries(
        line
          .trimEnd()
          .split("\t")
          .map((cell, index) => [predictionHeader.split("\t")[index]!.trim(), cell]),
      );
    expect(predictionHeader.split("\t")).toHaveLength(18);
    const done = cells(predictionLine({ id: "p1", status: "done" }, run));
    expect(done).toMatchObject({
      prediction_id: "p1",
      status: "predicted",
      output_file: "p1.tiff",
      seed: "4",
      num_inference_steps: "15",
      e_value: "",
    });
    const failed = cells(predictionLine({ id: "p2", status: "refused: no\tnuclei" }, run));
    expect(failed).toMatchObject({
      status: "predictor_error",
      output_file: "",
      predictor_error: "no nuclei",
    });
  });
});
