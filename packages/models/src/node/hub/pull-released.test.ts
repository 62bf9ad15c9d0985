import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ReleasedWeights } from "../../released.ts";
import {
  type FakeBucket,
  type FakeHub,
  sha256,
  startFakeBucket,
  startFakeHub,
} from "../../testing/fake-hub.ts";
import { findReleased, pullReleased, type ReleaseRequest } from "./pull-released.ts";
import { readRecord } from "./release-record.ts";

const bytes = Uint8Array.from({ length: 5000 }, (_, i) => i % 251);
const shared = {
  architecture: "subcell",
  ...{ bytes: 5000, parameters: 1, codeLicence: "MIT", trainedOn: "cells" },
  ...{ weightsLicence: "read the card", source: "here", card: "https://card", trainingProteins: "unknown" },
} as const satisfies Partial<ReleasedWeights>;

let root: string;
let bucket: FakeBucket;
let hub: FakeHub;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "proteoscope-release-"));
  bucket = await startFakeBucket({ "a/encoder.pth": bytes });
  hub = await startFakeHub({ "weights.bin": bytes, "other.bin": bytes.subarray(1), "README.md": bytes });
});
afterEach(async () => {
  await bucket.close();
  await hub.close();
  rmSync(root, { recursive: true, force: true });
});

const ofBucket = (): ReleasedWeights => ({
  ...shared,
  name: "some-cells",
  place: { kind: "bucket", address: bucket.address, files: ["a/encoder.pth"] },
  file: "a/encoder.pth",
});
const ofHub: ReleasedWeights = {
  ...shared,
  name: "some-language",
  place: { kind: "hub", repository: "owner/model", files: ["weights.bin"] },
  file: "weights.bin",
};
const requestOf = (changes: Partial<ReleaseRequest> = {}): ReleaseRequest => ({
  ...{ hubFolder: join(root, "hub"), releasedFolder: join(root, "released") },
  ...{ acceptsLicence: true, takesChanged: false },
  ...changes,
});
const pull = (weights: ReleasedWeights, changes?: Partial<ReleaseRequest>, events = {}) => {
  const endpoint = weights.place.kind === "hub" ? hub.endpoint : bucket.address;
  const signal = new AbortController().signal;
  return pullReleased(
    weights,
    requestOf(changes),
    { endpoint, token: undefined, signal, retryDelayMs: 1 },
    events,
  );
};

describe.each([
  ["bucket", ofBucket, "code MIT; weights: read the card"],
  ["hub", () => ofHub, "code MIT; weights: read the card; the card names mit"],
] as const)("a release in a %s", (_, weightsOf, licence) => {
  it("is refused until its licence is accepted, which is asked once", async () => {
    const weights = weightsOf();
    const seen: unknown[] = [];
    const onPlan = (plan: { licence: unknown }) => void seen.push(plan.licence);
    await expect(pull(weights, { acceptsLicence: false }, { onPlan })).rejects.toMatchObject({
      ...{ kind: "usage", field: "acceptLicence" },
      message: expect.stringMatching(/is to be read at https:\/\/card and accepted once$/),
    });
    expect(seen).toEqual([licence]);
    expect(await findReleased(weights, requestOf())).toBeUndefined();
    const { path } = await pull(weights);
    expect(readFileSync(path).equals(bytes)).toBe(true);
    rmSync(path);
    rmSync(join(root, "hub"), { recursive: true, force: true });
    await pull(weights, { acceptsLicence: false });
    expect(await findReleased(weights, requestOf())).toBe(path);
  });

  it("pins the sha256 of its weights, and records where they came from", async () => {
    const weights = weightsOf();
    const pulled = await pull(weights);
    const { place } = weights;
    const path = place.kind === "hub" ? "weights.bin" : "a/encoder.pth";
    expect(pulled).toMatchObject({ licence, downloadedBytes: 5000 });
    expect(pulled.files).toMatchObject([{ path, bytes: 5000, sha256: sha256(bytes) }]);
    const record = await readRecord(join(root, "released"), weights.name);
    expect(record.files[path]).toMatchObject({ sha256: sha256(bytes), url: expect.stringContaining(path) });
    expect((await pull(weights)).downloadedBytes).toBe(0);
  });
});

describe("a release that its makers have changed", () => {
  it("is refused by both sums before it comes from the Hub, and taken where that is wanted", async () => {
    await pull(ofHub);
    rmSync(join(root, "hub"), { recursive: true });
    await hub.close();
    const changed = bytes.map((value) => value ^ 1);
    hub = await startFakeHub({ "weights.bin": changed });
    await expect(pull(ofHub)).rejects.toMatchObject({
      field: "update",
      message: expect.stringContaining(`has the sha256 ${sha256(changed)} where ${sha256(bytes)} came on`),
    });
    expect((await pull(ofHub, { takesChanged: true })).files[0]!.sha256).toBe(sha256(changed));
    expect((await pull(ofHub)).downloadedBytes).toBe(0);
  });

  it("is refused from a bucket, and taken where that is wanted", async () => {
    const { path } = await pull(ofBucket());
    rmSync(path);
    bucket.files.set("a/encoder.pth", bytes.subarray(1));
    await expect(pull(ofBucket())).rejects.toMatchObject({ field: "update" });
    await pull(ofBucket(), { takesChanged: true });
    expect(readFileSync(path)).toHaveLength(4999);
  });
});

it("names a record that is damaged", async () => {
  await pull(ofBucket());
  writeFileSync(join(root, "released", "some-cells", "record.json"), '{"schema": 2}');
  await expect(pull(ofBucket())).rejects.toThrow(/record\.json: is no record of a download; remove it/);
});

it("names a file that the model of the Hub does not have", async () => {
  const place = { kind: "hub", repository: "owner/model", files: ["gone.bin"] } as const;
  await expect(pull({ ...ofHub, place })).rejects.toThrow(/owner\/model: the model has no file gone\.bin/);
});
