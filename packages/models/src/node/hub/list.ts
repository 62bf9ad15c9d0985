// Lists a model of the Hub in one request: its commit, its licence, its files with sizes and hashes. The response is
// held to a schema and every path confined, before anything is made of it.
// Reference: https://huggingface.co/docs/hub/api, the model's information with `blobs=true`.

import { ProteoscopeError } from "@proteoscope/formats";
import { z } from "zod";
import { type HubAccess, requestHub, retry } from "./client.ts";
import type { RemoteFile } from "./download.ts";
import { commitPattern, isConfined } from "./repository.ts";

/** A model as the Hub lists it. */
export interface Listing {
  readonly commit: string;
  /** Licence as the model card names it, or undefined where it names none. */
  readonly licence: string | undefined;
  readonly files: readonly RemoteFile[];
}

const largestListingBytes = 32 * 2 ** 20;
const length = z.int().min(0);
const listingSchema = z.object({
  sha: z.string().regex(commitPattern),
  cardData: z
    .object({
      license: z.union([z.string(), z.array(z.string())]).nullish(),
      license_name: z.string().nullish(),
    })
    .nullish(),
  siblings: z.array(
    z.object({
      rfilename: z.string().refine(isConfined, "leads out of the folder"),
      size: length,
      blobId: z.string().regex(commitPattern),
      lfs: z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/), size: length }).nullish(),
    }),
  ),
});

/**
 * Lists the files of `owner/name` at a branch, tag or commit.
 * @throws ProteoscopeError (data) for a listing that cannot be trusted, and what `requestHub` throws.
 */
export async function listRepository(name: string, revision: string, access: HubAccess): Promise<Listing> {
  const { endpoint } = access;
  const url = new URL(`${endpoint}/api/models/${name}/revision/${encodeURIComponent(revision)}?blobs=true`);
  const text = await retry(() => readText(url, access), access);
  const listing = parseListing(text, url);
  const { sha, cardData, siblings } = listing;
  const files = siblings.map(({ rfilename: path, size, blobId, lfs }): RemoteFile => {
    const encoded = path.split("/").map(encodeURIComponent).join("/");
    return {
      path,
      url: new URL(`${endpoint}/${name}/resolve/${sha}/${encoded}`),
      bytes: lfs?.size ?? size,
      hash: lfs ? { kind: "sha256", hex: lfs.sha256 } : { kind: "git", hex: blobId },
    };
  });
  refuseClashes(files, url);
  const licences = [cardData?.license ?? []].flat();
  const licence = cardData?.license_name ? [...licences, cardData.license_name] : licences;
  return { commit: sha, licence: licence.length === 0 ? undefined : printable(licence.join(", ")), files };
}

async function readText(url: URL, access: HubAccess): Promise<string> {
  const { pieces } = await requestHub(url, access, { headers: { accept: "application/json" } });
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of pieces()) {
    bytes += piece.length;
    if (bytes > largestListingBytes) throw untrusted(url, "is longer than 32 MB");
    parts.push(piece);
  }
  return Buffer.concat(parts).toString("utf8");
}

function parseListing(text: string, url: URL): z.infer<typeof listingSchema> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw untrusted(url, "is not JSON");
  }
  const result = listingSchema.safeParse(json);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  const value = path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown>)?.[key], json);
  const found = printable(JSON.stringify(value) ?? "nothing").slice(0, 100);
  throw untrusted(url, `has ${path.map(String).join(".") || "a form"} ${found}: ${message}`);
}

/** Every path once, and none of them both a file and a folder. */
function refuseClashes(files: readonly RemoteFile[], url: URL): void {
  const paths = new Set(files.map(({ path }) => path));
  if (paths.size < files.length) throw untrusted(url, "names a file twice");
  for (const path of paths) {
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1))
      if (paths.has(path.slice(0, end))) throw untrusted(url, `has ${path.slice(0, end)} as file and folder`);
  }
}

function untrusted(url: URL, fault: string): ProteoscopeError {
  return new ProteoscopeError(`${url.href}: the listing ${fault}; nothing was fetched`, { kind: "data" });
}

/** Without what a terminal would take for a command. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e\u00a0-\uffff]/g, "?").slice(0, 200);
}
