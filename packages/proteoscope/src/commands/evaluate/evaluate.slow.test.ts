import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readCsv } from "@proteoscope/formats";
import type { AnswerRecord, ImageMetrics, Metrics, SuiteResults } from "@proteoscope/lab";
import { imageCompartments, suiteSchema } from "@proteoscope/lab";
import { judgedModelFiles, writeJudgedAtlas } from "@proteoscope/lab/testing/judged-model";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { runCommandLine } from "../../cli.ts";
import { recordCommandContext } from "../../testing/command-context.ts";
import { createWorkplace, runWords, type Workplace } from "../../testing/model-folder.ts";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let place: Workplace;
let atlas: Awaited<ReturnType<typeof writeJudgedAtlas>>;
let report: string;
let metrics: Metrics;
let images: ImageMetrics;
let suite: SuiteResults;
beforeAll(async () => {
  place = createWorkplace(judgedModelFiles());
  atlas = await writeJudgedAtlas();
  report = join(place.path, "report");
  const { exitCode, stdout, stderr } = await evaluate([...quick, "--samples", "2", "-o", report, "--json"]);
  // Each line is a phase with what is done of it, its rate and the time that it will take.
  expect(stderr).toMatch(/^([a-zA-Z][^/\n]* {2}\d+\/\d+ [a-z]+ {2}\d+% .*\n)*$/);
  expect(exitCode).toBe(0);
  metrics = JSON.parse(stdout);
  images = metrics.images!;
  suite = metrics.suite!;
});
afterAll(async () => {
  place.remove();
  await atlas.remove();
});

const quick = ["--proteins", "3", "--steps", "2", "--device", "cpu"];
const evaluate = (words: readonly string[], model = place.model) =>
  runWords(["evaluate", model, "--data", atlas.path, ...words]);
const answersOf = (folder: string) => readFileSync(join(folder, "answers.jsonl"), "utf8");

describe("proteoscope evaluate", () => {
  it("leaves the figures it prints, a report, and the answers behind them", () => {
    expect(readdirSync(report).sort()).toEqual(["answers.jsonl", "metrics.json", "report.html", "tables"]);
    expect(JSON.parse(readFileSync(join(report, "metrics.json"), "utf8"))).toEqual(metrics);
  });

  it("says what was measured on what", () => {
    const { model, data, settings, synthetic } = metrics.provenance;
    expect(synthetic).toBe(true);
    expect(model).toMatchObject({ name: "model", borrowed: [] });
    expect(model.sha256["unet/config.json"]).toMatch(/^[0-9a-f]{64}$/);
    expect(Object.keys(data.sha256)).toEqual([
      "crops.csv",
      "crops_u8.npy",
      "proteins.csv",
      "localisation.csv",
    ]);
    expect(settings).toEqual({ samples: 2, steps: 2, sampler: "dpm++", guidance: 3, seed: 0 });
  });

  it("draws what the language model is surest of, compartment by compartment", () => {
    const confident = answersOf(report)
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as AnswerRecord)
      .filter((record) => record.kind === "confident");
    expect(confident).toHaveLength(12 * 3);
    const ofGolgi = confident.filter(({ compartment }) => compartment === "Golgi");
    expect(ofGolgi.map(({ rank }) => rank)).toEqual([0, 1, 2]);
    const probabilities = ofGolgi.map(({ probability }) => probability);
    expect(probabilities).toEqual([...probabilities].sort((a, b) => b - a));
    expect(new Set(ofGolgi.map(({ protein }) => protein)).size).toBe(3);
    expect(images.classes.filter(({ confident }) => confident !== null)).toHaveLength(12);
    expect(images.classes.find(({ name }) => name === "Golgi")!.confident!.n).toBe(3);
  });

  it("scores unseen proteins per set and together, with floors, a ceiling and seen proteins", () => {
    const { opencell, partition, unseen, seen } = images.compartments;
    expect([opencell, partition, unseen, seen].map((set) => set?.proteins)).toEqual([3, 3, 6, 3]);
    expect(Object.keys(unseen.scores).sort()).toEqual(
      [
        ...["chance", "composition", "decodedCrops", "drawn", "kmers", "languageModel"],
        ...["mostFrequentAnswer", "otherNucleus", "otherProtein", "randomEmbedding", "realCrops"],
        ...["shuffledSequence", "uncalibrated", "unconditional"],
      ].sort(),
    );
    expect(Object.keys(seen.scores).sort()).toEqual(
      [
        ...["chance", "decodedCrops", "drawn", "languageModel", "mostFrequentAnswer", "realCrops"],
        "uncalibrated",
      ].sort(),
    );
    for (const { accuracy, macroRecall } of Object.values(unseen.scores)) {
      for (const { value, interval95 } of [accuracy!, macroRecall!]) {
        expect(value >= 0 && value <= 1).toBe(true);
        expect(interval95[0] <= value && value <= interval95[1]).toBe(true);
      }
    }
    // Nuclear and cytoplasmic labels of Swiss-Prot have four and three right answers of twelve, OpenCell's have one.
    const classes = { "nucleus (any part)": 4, "cytoplasm (any part)": 3, nucleoplasm: 1, cytoplasm: 1 };
    const chance = Object.entries(unseen.classes).reduce(
      (sum, [name, count]) => sum + (count * classes[name as keyof typeof classes]) / 12,
      0,
    );
    expect(unseen.scores.chance!.accuracy!.value).toBeCloseTo(chance / 6, 12);
    expect(unseen.scores.realCrops!.accuracy!.n).toBeGreaterThan(3);
  });

  it("gives recall and confusion of each class", () => {
    expect(images.classes.map(({ name }) => name)).toEqual([
      ...imageCompartments,
      ...["nucleus (any part)", "cytoplasm (any part)"],
    ]);
    for (const { chance, unseen, isAboveTwiceChance } of images.classes)
      expect(isAboveTwiceChance).toBe(unseen === null ? null : unseen.value >= 2 * chance);
    expect(images.classes.filter(({ unseen }) => unseen !== null).map(({ name }) => name)).toEqual([
      ...["nucleoplasm", "cytoplasm", "nucleus (any part)", "cytoplasm (any part)"],
    ]);
    const { drawn, real } = images.confusion;
    expect(drawn.counts.flat().reduce((a, b) => a + b)).toBe(6);
    expect(real.counts.flat().reduce((a, b) => a + b)).toBe(10);
  });

  it("measures pictures: distances, nuclear proportion, nearest crops, effects, agreement", () => {
    const { distances, nuclearProportion, memorisation, effects, reliability } = images;
    expect(distances.features.dimensions).toBe(16);
    expect(distances.frechet).toMatchObject({ n: 6, drawnToReal: { n: 6 }, realToReal: { n: 6 } });
    expect(distances.kernel.drawnToReal!.value).toBeGreaterThan(distances.kernel.realToReal!.value);
    expect(nuclearProportion.sameNucleus.unseen).toMatchObject({ images: 2, meanError: { n: 2 } });
    expect(memorisation).toMatchObject({ trainingCrops: 14, realCrops: 10 });
    expect(memorisation.sets).toMatchObject({ unseen: { n: 6 }, seen: { n: 3 } });
    expect(memorisation.threshold! > 0 && memorisation.threshold! < 1).toBe(true);
    expect(effects.otherNucleus.change!.value).toBeGreaterThan(0);
    expect(reliability!.reduce((sum, { accuracy }) => sum + accuracy!.n, 0)).toBe(6);
  });

  it("asks every judge, each with its own accuracy on real crops of the same classes, and says how they agree", () => {
    const { judges, figures, agreement, spaces } = suite;
    expect(spaces.map(({ name }) => name)).toEqual(["features", "classifier"]);
    expect(judges.map(({ name, trained_on }) => [name, trained_on])).toEqual([
      ["features", "nothing"],
      ["classifier", "real and simulated cells"],
    ]);
    for (const { classes, real_crops } of judges) {
      expect(classes).toEqual(["nucleoplasm", "cytoplasm or ER"]);
      expect(real_crops).toBe(10);
    }
    const accuracy = (by: string, subject: string, set: string) =>
      figures.find(
        (one) => one.measure === "accuracy" && one.by === by && one.subject === subject && one.set === set,
      )!;
    expect(accuracy("features", "real", "all").value).toBeGreaterThan(0.9); // the fixture's cells are that plain
    expect(accuracy("features", "generated", "unseen").n).toBe(6);
    expect(accuracy("classifier", "generated", "seen").n).toBe(3);
    const floors = ["shuffled sequence", "another protein", "random embedding", "no sequence"];
    for (const floor of floors) expect(accuracy("features", floor, "unseen").n).toBe(6);
    expect(agreement.map(({ on, images }) => [on, images])).toEqual([
      ["generated", 6],
      ["real", 10],
    ]);
  });

  it("measures pairs around one nucleus, with floor and ceilings, and averages over samples", () => {
    const find = (measure: string, subject: string, set = "unseen") =>
      suite.figures.find((one) => one.measure === measure && one.subject === subject && one.set === set)!;
    for (const measure of ["ssim", "psnr", "iou", "nuclear_proportion_mae"])
      for (const subject of ["generated", "another protein", "autoencoder", "mean image"])
        expect(find(measure, subject)).toMatchObject({ n: 2, unit: "proteins" });
    expect(find("iou_above_floor", "generated").value).toBeLessThan(1);
    expect(suite.figures.filter(({ measure }) => measure === "accuracy_of_average")).toHaveLength(2 * 2);
    expect(suite.paired_distance.map(({ subject }) => subject)).toContain("another protein");
    expect(suite.top_k.find(({ subject }) => subject === "generated")!.chance[0]).toBeGreaterThan(0);
  });

  it("writes all figures as tables", () => {
    const figures = readCsv(readFileSync(join(report, "tables/figures.csv")));
    expect(figures).toHaveLength(suite.figures.length);
    const images = readCsv(readFileSync(join(report, "tables/images.csv")));
    expect(images.filter(({ subject }) => subject === "generated")).toHaveLength(9);
    expect(Object.keys(images[0]!)).toContain("right_features");
    expect(suiteSchema.parse(metrics.suite)).toEqual(metrics.suite);
  });

  it("measures what the autoencoder preserves, and overlaps around the same nucleus", () => {
    const { autoencoder, linearFilter, overlap } = images;
    expect([autoencoder.crops, linearFilter.crops]).toEqual([10, 10]);
    expect(linearFilter.nucleus.signalToNoise!.value).toBeGreaterThan(
      autoencoder.nucleus.signalToNoise!.value, // of an autoencoder that was not trained
    );
    expect(autoencoder.protein.signalToNoise!.value).toBeGreaterThan(0);
    expect(autoencoder.protein.structuralSimilarity!.value).toBeLessThan(1);
    expect(autoencoder.nucleus.power).toHaveLength(5);
    const { drawn, otherProtein } = overlap.unseen;
    for (const { value, n } of [drawn!, otherProtein!])
      expect(value >= 0 && value <= 1 && n === 2).toBe(true);
  });

  it("measures localization from sequences, with baselines that see the composition of the sequences", () => {
    const { sets, published } = metrics.localization!;
    expect(Object.keys(sets)).toEqual(["partition", "partitionHuman", "atlas"]);
    expect([sets.partition.proteins, sets.atlas.proteins]).toEqual([3, 0]); // as many as --proteins says
    expect(published[0].source).toMatch(/https:/);
  });

  it("writes a report that refers to nothing outside it and has text for every picture", () => {
    const html = readFileSync(join(report, "report.html"), "utf8");
    expect(html.match(/(src|href)="(?!data:)/g)).toBeNull();
    expect(html.match(/url\((?!data:)|@import|<script [^>]*src|<link/g)).toBeNull();
    const images = html.match(/<img [^>]*>/g)!;
    expect(images).toHaveLength(6 * 3 + 5 * 3); // examples, pairs
    for (const image of images)
      expect(image).toMatch(/^<img src="data:image\/png;base64,[^"]+" alt="[^"]+">$/);
    const charts = html.match(/<svg [^>]*>/g)!;
    expect(charts.length).toBeGreaterThan(10);
    for (const chart of charts) expect(chart).toMatch(/ role="img" aria-label="[^"]+">$/);
  });

  it("goes on after a kill as if there had been none, and prints the accuracies", async () => {
    const whole = answersOf(report);
    const cut = Math.floor(0.9 * whole.length);
    writeFileSync(join(report, "answers.jsonl"), whole.slice(0, cut));
    rmSync(join(report, "metrics.json"));
    const { exitCode, stdout, stderr } = await evaluate([
      ...[...quick, "--samples", "2"],
      ...["-o", report, "--resume"],
    ]);
    expect(exitCode).toBe(0);
    expect(stderr).not.toMatch(/\/49 drawings/);
    expect(stdout).toMatch(
      /^unseen: OpenCell's validation proteins, 3 proteins\n {2}generated images +\d+ % \(/,
    );
    expect(answersOf(report)).toBe(whole);
    expect(JSON.parse(readFileSync(join(report, "metrics.json"), "utf8"))).toEqual(metrics);
  });

  it("reads sequences alone where it is asked to, and does not write over an evaluation of images", async () => {
    const output = join(place.path, "sequences");
    const words = ["--only", "localization", "--device", "cpu"];
    const { exitCode, stdout } = await evaluate([...words, "-o", output]);
    expect(exitCode).toBe(0);
    // All proteins where --proteins does not say how many.
    expect(stdout).toMatch(/^held-out homology partition, .*, 4 proteins\n {2}this model +macro F1 /);
    expect(readdirSync(output).sort()).toEqual(["metrics.json", "report.html"]);
    const { images, localization, provenance } = JSON.parse(
      readFileSync(join(output, "metrics.json"), "utf8"),
    );
    expect(images).toBeNull();
    expect(localization.sets.partition.proteins).toBe(4);
    const few = await evaluate([...words, "--proteins", "3", "-o", join(place.path, "few"), "--json"]);
    expect(JSON.parse(few.stdout).localization).toEqual(metrics.localization);
    expect(provenance.settings).toEqual({ seed: 0 });
    expect(await evaluate([...words, "-o", report])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/holds an evaluation of images/),
    });
  });

  it("leaves its answers, and nothing else, at an interrupt", async () => {
    const output = join(place.path, "interrupted");
    const { commandContext, output: printed, controller } = recordCommandContext();
    const words = ["evaluate", place.model, "--data", atlas.path, "--steps", "2", "-o", output];
    const run = runCommandLine(words, commandContext);
    while (!existsSync(join(output, "answers.jsonl"))) await new Promise((wake) => setTimeout(wake, 1));
    controller.abort();
    expect(await run).toBe(130);
    expect(printed.stdout).toBe("");
    expect(printed.stderr).toMatch(/^(evaluate .*\n)*proteoscope: interrupted\n$/);
    expect(readdirSync(output)).toEqual(["answers.jsonl"]);
    expect(answersOf(output)).toMatch(/\n$/);
  });

  it("measures a run, with the set that was asked for alone, and goes on to more proteins and sets", async () => {
    const words = ["--proteins", "1", "--steps", "1", "--split", "partition", "--only", "images", "--json"];
    const output = join(place.path, "of-run");
    const { exitCode, stdout } = await evaluate([...words, "-o", output], place.path);
    expect(exitCode).toBe(0);
    const { compartments, reliability } = (JSON.parse(stdout) as Metrics).images!;
    expect(Object.keys(compartments)).toEqual(["partition", "unseen", "seen"]);
    expect(compartments.unseen.proteins).toBe(1);
    expect(reliability).toBeNull();

    const before = answersOf(output);
    const more = ["--proteins", "2", "--steps", "1", "--split", "partition,opencell", "-o", output];
    expect((await evaluate([...more, "--resume"])).exitCode).toBe(0);
    expect(answersOf(output).startsWith(before)).toBe(true);
    expect(answersOf(output).match(/"kind":"protein"/g)).toHaveLength(6);
  });
});

describe("bad input to evaluate", () => {
  const refused = async (words: readonly string[], model?: string) => {
    const output = join(place.path, "none");
    const { exitCode, stdout, stderr } = await evaluate([...words, "-o", output], model);
    expect(stdout).toBe("");
    expect(stderr.match(/\n/g)).toHaveLength(1);
    expect(existsSync(output)).toBe(false);
    return { exitCode, stderr };
  };

  it.each([
    [["--proteins", "0"], 2, /--proteins takes a whole number from 1/],
    [["--split", "opencel"], 2, /--split knows opencell, partition, got "opencel"/],
    [["--steps", "5000"], 2, /at most 999 steps for dpm\+\+/],
  ])("refuses %j with code %i", async (words, exitCode, message) => {
    expect(await refused(words)).toMatchObject({ exitCode, stderr: expect.stringMatching(message) });
  });

  it("says that there is no atlas, no data option, no model", async () => {
    const nowhere = join(place.path, "nowhere");
    const noAtlas = await runWords(["evaluate", place.model, "--data", nowhere, "-o", nowhere]);
    expect(noAtlas).toMatchObject({ exitCode: 4, stderr: expect.stringMatching(/nowhere.*no such file/) });
    const noData = await runWords(["evaluate", place.model]);
    expect(noData).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/--data is missing/) });
    expect(await refused([], nowhere)).toMatchObject({
      exitCode: 4,
      stderr: expect.stringMatching(/no model/),
    });
  });

  it("refuses a model whose compartments or crops are not the atlas's", async () => {
    const other = createWorkplace();
    expect(await refused([], other.model)).toMatchObject({
      exitCode: 3,
      stderr: expect.stringMatching(/crops of 16x16 pixels, model generates 40x40/),
    });
    other.remove();
    const config = join(place.model, "classifier", "config.json");
    const before = readFileSync(config, "utf8");
    writeFileSync(config, before.replace('"Golgi"', '"golgi"'));
    expect(await refused([])).toMatchObject({
      exitCode: 3,
      stderr: expect.stringMatching(/model\/classifier: has no label "Golgi"/),
    });
    writeFileSync(config, before);
  });

  it("does not mix answers to different questions, nor overwrite them", async () => {
    const again = await evaluate([...quick, "-o", report]);
    expect(again).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/resume it, or name another folder \(--resume\)/),
    });
    const other = await evaluate([...quick, "--guidance", "2", "-o", report, "--resume"]);
    expect(other).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/begun with another settings/),
    });
  });
});
