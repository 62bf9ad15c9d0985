import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type Answer,
  breakAfter,
  type FakeHub,
  gitHash,
  refuse,
  sha256,
  startFakeHub,
} from "../../testing/fake-hub.ts";
import { listRepository } from "./list.ts";

const config = Buffer.from("{}");
const weights = Buffer.from("weights");

let hub: FakeHub;
beforeEach(async () => {
  hub = await startFakeHub({ "config.json": config, "unet/a b.safetensors": weights });
});
afterEach(() => hub.close());

const list = (revision = "main", token?: string) =>
  listRepository("owner/name", revision, {
    ...{ endpoint: hub.endpoint, token, signal: new AbortController().signal, retryDelayMs: 1 },
  });
const say =
  (text: string): Answer =>
  (_, response) =>
    response.end(text);

describe("listRepository", () => {
  it("gives commit, licence and files with sizes, hashes and addresses", async () => {
    const { commit, licence, files } = await list("refs/pr/1", "secret");
    expect([commit, licence]).toEqual([hub.commit, "mit"]);
    expect(hub.requests).toMatchObject([
      { path: "/api/models/owner/name/revision/refs/pr/1?blobs=true", authorization: "Bearer secret" },
    ]);
    const at = `${hub.endpoint}/owner/name/resolve/${hub.commit}`;
    expect(files).toEqual([
      {
        path: "config.json",
        url: new URL(`${at}/config.json`),
        bytes: 2,
        hash: { kind: "git", hex: gitHash(config) },
      },
      {
        path: "unet/a b.safetensors",
        url: new URL(`${at}/unet/a%20b.safetensors`),
        bytes: 7,
        hash: { kind: "sha256", hex: sha256(weights) },
      },
    ]);
  });

  it("gives licences as the card has them, without control characters", async () => {
    hub.listing.cardData = { license: ["other", "mit"], license_name: "my\u001b[2J own" };
    expect((await list()).licence).toBe("other, mit, my?[2J own");
    delete hub.listing.cardData;
    expect((await list()).licence).toBeUndefined();
  });

  it("asks again when the answer breaks off", async () => {
    let asked = 0;
    hub.listingFault = (...words) => {
      asked++;
      (asked < 3 ? breakAfter(20) : say(JSON.stringify(hub.listing)))(...words);
    };
    expect((await list()).files).toHaveLength(2);
    expect(asked).toBe(3);
  });

  it.each(["../../evil", "/etc/passwd", "a\\..\\b", "a//b", "C:/x", ""])(
    "refuses a listing with the path %j",
    async (path) => {
      hub.listing.siblings[1]!.rfilename = path;
      await expect(list()).rejects.toMatchObject({
        kind: "data",
        message: expect.stringMatching(
          /siblings\.1\.rfilename .*leads out of the folder; nothing was fetched$/,
        ),
      });
    },
  );

  it.each([
    ["blobId", "../../../x", /siblings\.0\.blobId/],
    ["size", -1, /siblings\.0\.size/],
    ["size", 1e300, /siblings\.0\.size/],
    ["lfs", { sha256: "../x", size: 1 }, /siblings\.0\.lfs\.sha256/],
    ["rfilename", "unet", /has unet as file and folder/],
    ["rfilename", "unet/a b.safetensors", /names a file twice/],
  ])("refuses a listing whose %s is %j", async (key, value, message) => {
    hub.listing.siblings[0]![key] = value;
    await expect(list()).rejects.toThrow(message);
  });

  it("refuses a commit that is none, and what is no listing", async () => {
    hub.listing.sha = "../..";
    await expect(list()).rejects.toThrow(/has sha "\.\.\/\.\."/);
    for (const [text, message] of [
      ["<html>", /is not JSON/],
      ["null", /has a form null/],
      ["[]", /has a form/],
      [`"${"x".repeat(33 * 2 ** 20)}"`, /longer than 32 MB/],
    ] as const) {
      hub.listingFault = say(text);
      await expect(list()).rejects.toThrow(message);
    }
  });

  it("says what is not there", async () => {
    for (const [code, message] of [
      ["RepoNotFound", /there is no such model \(404\)/],
      ["RevisionNotFound", /the model has no such revision \(404\)/],
    ] as const) {
      hub.listingFault = refuse(404, { "x-error-code": code });
      await expect(list()).rejects.toMatchObject({
        kind: "notFound",
        message: expect.stringMatching(message),
      });
    }
  });
});
