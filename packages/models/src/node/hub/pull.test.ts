import { existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { breakAfter, type FakeHub, gitHash, refuse, sha256, startFakeHub } from "../../testing/fake-hub.ts";
import { type PullEvents, pullModel } from "./pull.ts";
import { findSnapshot } from "./repository.ts";

const config = Buffer.from('{"model_type": "esm"}');
const weights = Buffer.alloc(5000, "w");

let hubFolder: string;
let hub: FakeHub;
beforeEach(async () => {
  hubFolder = join(mkdtempSync(join(tmpdir(), "proteoscope-pull-")), "hub");
  hub = await startFakeHub({
    "config.json": config,
    "unet/model.safetensors": weights,
    "copy.safetensors": weights,
    "copy.bin": Buffer.from("other"),
  });
});
afterEach(async () => {
  await hub.close();
  rmSync(join(hubFolder, ".."), { recursive: true, force: true });
});

const pull = (revision = "main", events: PullEvents = {}, all = false) =>
  pullModel(
    { name: "a/b", revision, hubFolder, all },
    { endpoint: hub.endpoint, token: undefined, signal: new AbortController().signal, retryDelayMs: 1 },
    events,
  );
const fetched = () => hub.requests.filter(({ path }) => path.includes("/resolve/")).length;
const repository = () => join(hubFolder, "models--a--b");

describe("pullModel", () => {
  it("leaves blobs, links and a reference as every tool expects them", async () => {
    const pulled = await pull();
    expect(pulled).toEqual({
      commit: hub.commit,
      path: join(repository(), "snapshots", hub.commit),
      licence: "mit",
      files: ["config.json", "unet/model.safetensors", "copy.safetensors"],
      leftOut: ["copy.bin"],
      bytes: 10_021,
      downloadedBytes: 5021,
    });
    expect(readdirSync(join(repository(), "blobs")).sort()).toEqual(
      [gitHash(config), sha256(weights)].sort(),
    );
    expect(readFileSync(join(repository(), "refs", "main"), "utf8")).toBe(hub.commit);
    const link = join(pulled.path, "unet", "model.safetensors");
    expect(readlinkSync(link)).toBe(join("..", "..", "..", "blobs", sha256(weights)));
    expect(readFileSync(link).equals(weights)).toBe(true);
    expect(lstatSync(join(pulled.path, "config.json")).isSymbolicLink()).toBe(true);
    expect(await findSnapshot(hubFolder, "a/b")).toBe(pulled.path);
  });

  it("fetches what is missing alone, one blob once, and what was changed again", async () => {
    await pull();
    expect(fetched()).toBe(2);
    expect((await pull()).downloadedBytes).toBe(0);
    expect(fetched()).toBe(2);
    rmSync(join(repository(), "blobs", gitHash(config)));
    expect((await pull()).downloadedBytes).toBe(config.length);
    expect((await pull("main", {}, true)).files).toContain("copy.bin");
  });

  it("names no revision before all of it is here, and goes on where it was", async () => {
    hub.faults.push(
      (...words) => words[1].writeHead(200) && words[1].end(config),
      breakAfter(2000),
      refuse(403),
    );
    await expect(pull()).rejects.toThrow(/403/);
    expect(await findSnapshot(hubFolder, "a/b")).toBeUndefined();
    expect(existsSync(join(repository(), "refs"))).toBe(false);
    const progress: number[] = [];
    await pull("main", { onProgress: (bytes, total) => progress.push(bytes / total) });
    expect(hub.requests.at(-1)!.range).toBe("bytes=2000-");
    expect([progress[0], progress.at(-1)]).toEqual([0.4, 1]);
  });

  it("reports the licence before the first byte, and not at all when there is nothing to fetch", async () => {
    const reported: unknown[] = [];
    const onLicence = (licence: string | undefined) => void reported.push(licence, fetched());
    await pull("main", { onLicence });
    await pull("main", { onLicence });
    expect(reported).toEqual(["mit", 0]);
  });

  it("writes no reference for a commit, and one in folders for a pull request", async () => {
    await pull(hub.commit);
    expect(existsSync(join(repository(), "refs"))).toBe(false);
    await pull("refs/pr/7");
    expect(readFileSync(join(repository(), "refs", "refs", "pr", "7"), "utf8")).toBe(hub.commit);
  });

  it("writes nothing at all for a hostile listing", async () => {
    hub.listing.siblings[0]!.rfilename = "../../../../evil";
    await expect(pull()).rejects.toMatchObject({ kind: "data" });
    expect(existsSync(hubFolder)).toBe(false);
  });

  it("begins nothing that the disk cannot hold", async () => {
    const lfs = { sha256: sha256(weights), size: 2 ** 52 };
    for (const sibling of hub.listing.siblings.slice(1, 3)) Object.assign(sibling, { lfs });
    await expect(pull()).rejects.toMatchObject({
      kind: "failure",
      field: "hubFolder",
      message: expect.stringMatching(/4503599\.6 GB are needed .* make room, or use another disk$/),
    });
    expect(fetched()).toBe(0);
  });
});
