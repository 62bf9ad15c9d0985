import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  breakAfter,
  corrupt,
  type FakeBucket,
  ignoreRange,
  redirectTo,
  refuse,
  sendBytes,
  sha256,
  startFakeBucket,
} from "../../testing/fake-hub.ts";
import type { PullPlan } from "./pull.ts";
import { type BucketRequest, pullBucket } from "./pull-bucket.ts";

const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 7919) >> 3);
const small = Uint8Array.of(1, 2, 3);
const files = ["encoder.pth", "classifier/seed 0.pth"];

let folder: string;
let bucket: FakeBucket;
let controller: AbortController;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "proteoscope-bucket-"));
  bucket = await startFakeBucket({ "encoder.pth": bytes, "classifier/seed 0.pth": small });
  controller = new AbortController();
});
afterEach(async () => {
  await bucket.close();
  rmSync(folder, { recursive: true, force: true });
});

const pull = (changes: Partial<BucketRequest> = {}, events = {}) =>
  pullBucket(
    { ...{ address: bucket.address, files, folder, pins: {} }, ...changes },
    { endpoint: bucket.address, token: undefined, signal: controller.signal, retryDelayMs: 1 },
    events,
  );
const pinsOf = ({ files }: Awaited<ReturnType<typeof pull>>) =>
  Object.fromEntries(files.map(({ path, isNew: _, ...pin }) => [path, pin]));
const isWhole = () => readFileSync(join(folder, "encoder.pth")).equals(bytes);
const ranges = () => bucket.requests.filter(({ method }) => method === "GET").map(({ range }) => range);

describe("a pull from a bucket", () => {
  it("says size and free disk before, fetches each file to its path, and gives the sha256", async () => {
    const plans: PullPlan[] = [];
    const seen: [number, number, string][] = [];
    const { files: pulled, downloadedBytes } = await pull(
      {},
      {
        onPlan: (plan: PullPlan) => {
          plans.push(plan);
          expect(ranges()).toEqual([]);
        },
        onProgress: (...progress: [number, number, string]) => seen.push(progress),
      },
    );
    expect(plans).toMatchObject([{ folder, bytes: 100_003, freeBytes: expect.any(Number) }]);
    expect(downloadedBytes).toBe(100_003);
    expect(pulled.map(({ path, bytes, sha256, isNew }) => [path, bytes, sha256, isNew])).toEqual([
      ["encoder.pth", 100_000, sha256(bytes), true],
      ["classifier/seed 0.pth", 3, sha256(small), true],
    ]);
    expect(seen.at(-1)).toEqual([100_003, 100_003, "classifier/seed 0.pth"]);
    expect(isWhole()).toBe(true);
    expect(readdirSync(folder).sort()).toEqual(["classifier", "encoder.pth"]);
  });

  it("asks nothing for what is here with its pin, and fetches again what is not", async () => {
    const pins = pinsOf(await pull());
    bucket.requests.length = 0;
    expect((await pull({ pins })).files.map(({ isNew }) => isNew)).toEqual([false, false]);
    expect(bucket.requests).toEqual([]);
    rmSync(join(folder, "encoder.pth"));
    const again = await pull({ pins });
    expect(again.downloadedBytes).toBe(100_000);
    expect(again.files[0]).toMatchObject({ isNew: true, pinned: pins["encoder.pth"]!.pinned });
  });

  it("goes on where the connection broke, after an interrupt, and with a server that ignores ranges", async () => {
    bucket.faults.push(breakAfter(10_000), breakAfter(10_000), ignoreRange);
    await pull();
    expect(isWhole()).toBe(true);
    expect(ranges().slice(0, 3)).toEqual([undefined, "bytes=10000-", "bytes=20000-"]);
    rmSync(join(folder, "encoder.pth"));
    bucket.faults.push(breakAfter(30_000), () => undefined); // the second says nothing
    const running = pull();
    while (ranges().length < 6) await new Promise((resolve) => setTimeout(resolve, 5));
    controller.abort(new DOMException("stop", "AbortError"));
    await expect(running).rejects.toMatchObject({ name: "AbortError" });
    controller = new AbortController();
    await pull();
    expect(isWhole()).toBe(true);
    expect(ranges().at(-2)).toBe("bytes=30000-");
  });

  it("follows redirects to other hosts", async () => {
    const elsewhere = await startFakeBucket({ "encoder.pth": bytes });
    const target = `${elsewhere.address.replace("127.0.0.1", "localhost")}/encoder.pth`;
    bucket.headFaults.push(redirectTo(target));
    bucket.faults.push(redirectTo(target));
    await pull({ files: ["encoder.pth"] }).finally(() => elsewhere.close());
    expect(isWhole()).toBe(true);
    expect(elsewhere.requests.map(({ method }) => method)).toEqual(["HEAD", "GET"]);
  });

  it("begins anew with a version that came meanwhile, and leaves nothing of the earlier one", async () => {
    bucket.faults.push(breakAfter(30_000), ...Array.from({ length: 5 }, () => refuse(503)));
    await expect(pull()).rejects.toThrow(/5 times in a row/);
    expect(readdirSync(folder).filter((name) => name.endsWith(".incomplete"))).toHaveLength(1);
    const other = bytes.map((value) => value ^ 3);
    bucket.files.set("encoder.pth", other);
    const { files: pulled } = await pull();
    expect(pulled[0]!.sha256).toBe(sha256(other));
    expect(readdirSync(folder).sort()).toEqual(["classifier", "encoder.pth"]);
  });
});

describe("a pull from a bucket is refused", () => {
  it("of bytes that are not those of the ETag, at the first download", async () => {
    bucket.faults.push(corrupt);
    await expect(pull()).rejects.toMatchObject({
      kind: "data",
      message: expect.stringMatching(/^encoder\.pth: its bytes are not those that the bucket lists \(etag /),
    });
    expect(readdirSync(folder)).not.toContain("encoder.pth");
    await pull();
    expect(isWhole()).toBe(true);
  });

  it("of bytes that are not those of the pin, of the same length or of another", async () => {
    const pins = pinsOf(await pull());
    rmSync(join(folder, "encoder.pth"));
    bucket.files.set(
      "encoder.pth",
      bytes.map((value) => value ^ 1),
    );
    await expect(pull({ pins })).rejects.toThrow(
      new RegExp(`its bytes are not those that came first, on \\d{4}-.*sha256 ${sha256(bytes)}`),
    );
    bucket.files.set("encoder.pth", bytes.subarray(1));
    await expect(pull({ pins })).rejects.toMatchObject({
      ...{ kind: "data", field: "update" },
      message: expect.stringMatching(/has 99999 bytes where 100000 came on .* its makers have changed it/),
    });
    const { files: taken } = await pull({ pins: {} });
    expect(taken[0]!.sha256).toBe(sha256(bytes.subarray(1)));
  });

  it.each([
    ["more bytes", 100_001],
    ["fewer bytes", 99_999],
  ])("when %s come than the bucket said", async (_, count) => {
    bucket.faults.push(sendBytes(count, { announced: true }));
    await expect(pull()).rejects.toThrow(/the server sends \d+ bytes or more, the bucket lists 100000/);
  });

  it("when the file changes while it comes", async () => {
    bucket.faults.push((request, response, all) => {
      response.setHeader("etag", '"another"');
      ignoreRange(request, response, all);
    });
    await expect(pull()).rejects.toThrow(/encoder\.pth: it changed on the server meanwhile; pull again/);
  });

  it("when there is no such file, in words", async () => {
    await expect(pull({ files: ["none.pth"] })).rejects.toMatchObject({
      kind: "notFound",
      message: expect.stringMatching(
        /none\.pth: the bucket has no such file, or shows it to nobody any more$/,
      ),
    });
  });

  it("when the bucket does not say how long a file is", async () => {
    bucket.headFaults.push(
      (_, response) => void response.writeHead(200, { "transfer-encoding": "chunked" }).end(),
    );
    await expect(pull()).rejects.toThrow(/does not say how long the file is/);
  });

  it("when a web page comes in its place, as behind the login of a network", async () => {
    const login = { "content-type": "text/html; charset=utf-8", "content-length": "2000" };
    bucket.headFaults.push((_, response) => void response.writeHead(200, login).end());
    await expect(pull()).rejects.toMatchObject({
      kind: "data",
      message: expect.stringMatching(/encoder\.pth: a web page comes in place of the file/),
    });
    expect(ranges()).toEqual([]);
  });

  it("when it leads round in circles", async () => {
    bucket.headFaults.push(...Array.from({ length: 200 }, () => redirectTo("/models/encoder.pth")));
    await expect(pull()).rejects.toMatchObject({ kind: "failure" });
  });

  it("before anything comes, by what the plan throws", async () => {
    const stop = () => {
      throw new Error("not accepted");
    };
    await expect(pull({}, { onPlan: stop })).rejects.toThrow("not accepted");
    expect(ranges()).toEqual([]);
  });

  it("keeps the sums of the files that were finished", async () => {
    const kept: string[] = [];
    bucket.faults.push(ignoreRange, corrupt);
    const onFile = ({ path }: { path: string }) => void kept.push(path);
    await expect(pull({}, { onFile })).rejects.toThrow(/seed 0\.pth: its bytes are not/);
    expect(kept).toEqual(["encoder.pth"]);
  });
});

it("takes a server without sums at its word, and its pin afterwards", async () => {
  bucket.etag = () => undefined;
  const pins = pinsOf(await pull());
  writeFileSync(join(folder, "encoder.pth"), "cut");
  bucket.faults.push(corrupt);
  await expect(pull({ pins })).rejects.toThrow(/came first/);
  await pull({ pins });
  expect(isWhole()).toBe(true);
});
