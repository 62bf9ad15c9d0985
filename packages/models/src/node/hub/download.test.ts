import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  breakAfter,
  corrupt,
  type FakeHub,
  fallSilent,
  gitHash,
  ignoreRange,
  redirectTo,
  refuse,
  sendBytes,
  sendWrongPart,
  sha256,
  startFakeHub,
} from "../../testing/fake-hub.ts";
import type { HubAccess } from "./client.ts";
import { downloadFile, type RemoteFile } from "./download.ts";

const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 7919) >> 3);

let folder: string;
let target: string;
let hub: FakeHub;
let controller: AbortController;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "proteoscope-download-"));
  target = join(folder, "blob");
  hub = await startFakeHub({ "model.safetensors": bytes });
  controller = new AbortController();
});
afterEach(async () => {
  await hub.close();
  rmSync(folder, { recursive: true, force: true });
});

const fileOf = (changes: Partial<RemoteFile> = {}): RemoteFile => ({
  path: "model.safetensors",
  url: new URL(`${hub.endpoint}/a/b/resolve/${hub.commit}/model.safetensors`),
  bytes: bytes.length,
  hash: { kind: "sha256", hex: sha256(bytes) },
  ...changes,
});
const accessOf = (changes: Partial<HubAccess> = {}): HubAccess => ({
  ...{ endpoint: hub.endpoint, token: undefined, signal: controller.signal, retryDelayMs: 1 },
  ...changes,
});
const download = (file = fileOf(), access = accessOf(), onProgress?: (count: number) => void) =>
  downloadFile(file, target, access, onProgress);
const ranges = () => hub.requests.map(({ range }) => range);

function expectWhole(): void {
  expect(readFileSync(target).equals(bytes)).toBe(true);
  expect(readdirSync(folder)).toEqual(["blob"]);
}

describe("a download", () => {
  it("arrives whole, known by its sha256 or by git's sha1, and says how far it is", async () => {
    const seen: number[] = [];
    await download(fileOf(), accessOf(), (count) => seen.push(count));
    expectWhole();
    expect(seen[0]).toBe(0);
    expect(seen.at(-1)).toBe(bytes.length);
    rmSync(target);
    await download(fileOf({ hash: { kind: "git", hex: gitHash(bytes) } }));
    expectWhole();
  });

  it("of nothing asks for nothing", async () => {
    await download(fileOf({ bytes: 0, hash: { kind: "git", hex: gitHash(new Uint8Array()) } }));
    expect(readFileSync(target)).toHaveLength(0);
    expect(hub.requests).toEqual([]);
  });

  it("goes on where the connection broke, as often as it breaks while it gets further", async () => {
    hub.faults.push(...Array.from({ length: 9 }, () => breakAfter(10_000)));
    await download();
    expectWhole();
    expect(ranges()).toEqual([
      undefined,
      ...Array.from({ length: 9 }, (_, i) => `bytes=${(i + 1) * 10_000}-`),
    ]);
  });

  it("begins anew with a server that ignores ranges", async () => {
    hub.faults.push(breakAfter(60_000), ignoreRange);
    await download();
    expectWhole();
    expect(ranges()).toEqual([undefined, "bytes=60000-"]);
  });

  it("begins anew when another part is sent, or none", async () => {
    hub.faults.push(breakAfter(60_000), sendWrongPart, breakAfter(5), refuse(416));
    await download();
    expectWhole();
    expect(ranges()).toEqual([undefined, "bytes=60000-", undefined, "bytes=5-", undefined]);
  });

  it("goes on from what an earlier process left, also when that is too much or wrong", async () => {
    writeFileSync(`${target}.incomplete`, bytes.subarray(0, 99_000));
    await download();
    expectWhole();
    expect(ranges()).toEqual(["bytes=99000-"]);
    writeFileSync(`${target}.incomplete`, new Uint8Array(200_000));
    await download();
    expectWhole();
    writeFileSync(`${target}.incomplete`, new Uint8Array(500));
    await download();
    expectWhole();
    expect(ranges().slice(1)).toEqual([undefined, "bytes=500-", undefined]);
  });

  it("takes what is all there already, and only looks at it", async () => {
    writeFileSync(`${target}.incomplete`, bytes);
    await download();
    expectWhole();
    expect(hub.requests).toEqual([]);
  });

  it("waits when it is asked to, and through an outage", async () => {
    hub.faults.push(refuse(429, { "retry-after": "0.2" }), refuse(503), refuse(500));
    const start = performance.now();
    await download();
    expect(performance.now() - start).toBeGreaterThanOrEqual(200);
    expectWhole();
  });

  it("gives up on silence and tries again", async () => {
    hub.faults.push(fallSilent);
    await download(fileOf(), accessOf({ silenceMs: 100 }));
    expectWhole();
    expect(ranges()).toEqual([undefined, "bytes=1-"]);
  });

  it("follows redirects to other hosts, where it shows no token", async () => {
    const elsewhere = await startFakeHub({ "model.safetensors": bytes });
    hub.faults.push(
      redirectTo(`${elsewhere.endpoint.replace("127.0.0.1", "localhost")}/x/resolve/y/model.safetensors`),
    );
    await download(fileOf(), accessOf({ token: "secret" })).finally(() => elsewhere.close());
    expectWhole();
    expect(hub.requests[0]!.authorization).toBe("Bearer secret");
    expect(elsewhere.requests).toMatchObject([{ authorization: undefined }]);
  });
});

describe("a download is refused", () => {
  it("of corrupt bytes, and nothing is kept of them", async () => {
    hub.faults.push(corrupt);
    await expect(download()).rejects.toMatchObject({
      kind: "data",
      message: expect.stringMatching(
        /^model\.safetensors: its bytes are not those that the Hub lists \(sha256 /,
      ),
    });
    expect(existsSync(target)).toBe(false);
    expect(readFileSync(`${target}.incomplete`)).toHaveLength(0);
  });

  it.each([
    ["more bytes, and says so", sendBytes(100_001, { announced: true })],
    ["fewer bytes, and says so", sendBytes(99_999, { announced: true })],
    ["more bytes without saying", sendBytes(5_000_000, { announced: false })],
  ])("when the server sends %s", async (_, fault) => {
    hub.faults.push(fault);
    await expect(download()).rejects.toMatchObject({
      kind: "data",
      message: expect.stringMatching(/the server sends \d+ bytes or more, the Hub lists 100000/),
    });
    expect(readFileSync(`${target}.incomplete`).length).toBeLessThanOrEqual(bytes.length);
  });

  it("when fewer bytes come each time than are needed", async () => {
    hub.faults.push(...Array.from({ length: 5 }, () => breakAfter(10, ignoreRange)));
    await expect(download()).rejects.toMatchObject({
      kind: "failure",
      message: expect.stringMatching(/5 times in a row; try again later: what is here already is kept$/),
    });
    expect(hub.requests).toHaveLength(5);
  });

  it.each([
    [401, {}, "failure", "token", /asks for a token \(401\)$/],
    [401, { "x-error-code": "RepoNotFound" }, "failure", undefined, /there is no such model \(401\)/],
    [403, { "x-error-code": "GatedRepo" }, "failure", undefined, /its licence .* first, at http.* \(403\)/],
    [404, { "x-error-code": "EntryNotFound" }, "notFound", undefined, /the model has no such file \(404\)/],
    [404, {}, "notFound", undefined, /not found \(404\)/],
    [418, {}, "failure", undefined, /the server refuses \(418\)/],
  ])("with status %i %j", async (status, headers, kind, field, text) => {
    hub.faults.push(refuse(status, headers as Record<string, string>));
    const message = expect.stringMatching(text);
    await expect(download()).rejects.toMatchObject({ kind, field, message });
    expect(hub.requests).toHaveLength(1);
  });

  it("with a token that does not open it", async () => {
    hub.faults.push(refuse(403));
    const refused = download(fileOf(), accessOf({ token: "secret" }));
    await expect(refused).rejects.toThrow(/the token does not open it \(403\)/);
    await expect(refused).rejects.not.toThrow(/secret/);
  });

  it("after five failures in a row, and says which", async () => {
    hub.faults.push(...Array.from({ length: 6 }, () => refuse(429)));
    await expect(download()).rejects.toThrow(/^127\.0\.0\.1:\d+: the server answers 429, 5 times in a row/);
    expect(hub.requests).toHaveLength(5);
  });

  it("when nobody answers, or the server leads round in circles", async () => {
    hub.faults.push(...Array.from({ length: 200 }, () => redirectTo("/a/b/resolve/c/model.safetensors")));
    await expect(download()).rejects.toMatchObject({ kind: "failure" });
    await hub.close();
    await expect(download()).rejects.toThrow(/nobody answers, 5 times in a row/);
  });

  it("when the user interrupts, and keeps what came", async () => {
    hub.faults.push(fallSilent);
    const reason = new DOMException("stop", "AbortError");
    const stopAtFirstByte = (count: number) => void (count > 0 && controller.abort(reason));
    await expect(download(fileOf(), accessOf(), stopAtFirstByte)).rejects.toBe(reason);
    expect(readFileSync(`${target}.incomplete`)).toHaveLength(1);
    expect(readdirSync(folder)).toEqual(["blob.incomplete"]);
  });
});
