// Released weights of other groups by the names of `releasedWeights`: from the Hub into the cache that all tools share, from a
// bucket into a folder of our own. Either way the licence is accepted once, and the sha256 of the first download is pinned.

import { stat } from "node:fs/promises";
import { join } from "node:path";
import { ProteoscopeError } from "@proteoscope/formats";
import type { ReleasedWeights } from "../../released.ts";
import type { HubAccess } from "./client.ts";
import { type PullEvents, type PullPlan, pullModel } from "./pull.ts";
import { type BucketFile, pullBucket } from "./pull-bucket.ts";
import { type ReleaseRecord, readRecord, releaseFolder, writeRecord } from "./release-record.ts";
import { defaultRevision, findSnapshot } from "./repository.ts";

/** Where released weights go, and what the user has agreed to. */
export interface ReleaseRequest {
  /** The cache of Hugging Face on disk. */
  readonly hubFolder: string;
  /** The folder on disk of what comes from buckets, and of all records. */
  readonly releasedFolder: string;
  /** Whether the licence is accepted, where it was not before. */
  readonly acceptsLicence: boolean;
  /** Whether other bytes than those of the first download are taken. */
  readonly takesChanged: boolean;
  /** Address of a mirror of the bucket; that of the makers when absent. */
  readonly bucketAddress?: string | undefined;
}

/** Released weights on this machine. */
export interface PulledRelease {
  readonly name: string;
  /** What commands take as `--model`: the file of the weights, or the folder of the model. */
  readonly path: string;
  readonly licence: string;
  readonly files: readonly Omit<BucketFile, "isNew">[];
  readonly downloadedBytes: number;
}

/**
 * Fetches what is missing of released weights.
 * @throws ProteoscopeError with the field `acceptLicence` where the licence is not accepted, `update` where the makers have
 * changed a file since its first download, and what the downloads throw.
 */
export async function pullReleased(
  weights: ReleasedWeights,
  request: ReleaseRequest,
  access: HubAccess,
  events: PullEvents = {},
): Promise<PulledRelease> {
  const { releasedFolder } = request;
  const { name, place } = weights;
  let record = await readRecord(releasedFolder, name);
  const keep = async (changes: Partial<ReleaseRecord>): Promise<void> => {
    record = { ...record, ...changes };
    await writeRecord(releasedFolder, name, record);
  };
  const onPlan = async (plan: PullPlan): Promise<void> => {
    const licence = describeLicence(weights, plan.licence);
    await events.onPlan?.({ ...plan, licence });
    if (record.licence?.text === licence) return;
    if (!request.acceptsLicence)
      throw new ProteoscopeError(
        `the licence of ${name} is to be read at ${weights.card} and accepted once`,
        {
          ...{ kind: "usage", field: "acceptLicence" },
        },
      );
    await keep({ licence: { text: licence, accepted: new Date().toISOString() } });
  };
  const onFile = ({ path, isNew: _, ...pin }: BucketFile) =>
    keep({ files: { ...record.files, [path]: pin } });
  const all = { ...events, onPlan, onFile };
  const pins = request.takesChanged ? {} : record.files;
  const { downloadedBytes } =
    place.kind === "bucket"
      ? await pullBucket(
          {
            ...{ address: request.bucketAddress ?? place.address, files: place.files, pins },
            folder: releaseFolder(releasedFolder, name),
          },
          access,
          all,
        )
      : await pullFromHub(place, pins, request, access, all);
  const path = await findReleased(weights, request);
  const files = Object.entries(record.files).map(([path, pin]) => ({ path, ...pin }));
  return { name, path: path!, licence: record.licence?.text ?? "", files, downloadedBytes };
}

/** The path of released weights on this machine: what commands take; undefined where they were not pulled whole. */
export async function findReleased(
  { name, place, file }: ReleasedWeights,
  { hubFolder, releasedFolder }: Pick<ReleaseRequest, "hubFolder" | "releasedFolder">,
): Promise<string | undefined> {
  if (place.kind === "hub") {
    const snapshot = await findSnapshot(hubFolder, place.repository);
    return snapshot && (await existing(file === undefined ? snapshot : join(snapshot, file)));
  }
  const { files } = await readRecord(releasedFolder, name);
  if (place.files.some((path) => files[path] === undefined)) return undefined;
  return existing(join(releaseFolder(releasedFolder, name), file ?? ""));
}

async function existing(path: string): Promise<string | undefined> {
  return (await stat(path).catch(() => undefined)) && path;
}

type HubPlace = Extract<ReleasedWeights["place"], { readonly kind: "hub" }>;

/** The Hub lists the sha256 of large files: those of another are refused before they come. */
async function pullFromHub(
  { repository, files: only }: HubPlace,
  pins: ReleaseRecord["files"],
  { hubFolder }: ReleaseRequest,
  access: HubAccess,
  { onFile, onPlan, ...events }: PullEvents & { onFile(file: BucketFile): Promise<void> },
) {
  const seen: BucketFile[] = [];
  const pulled = await pullModel(
    { name: repository, revision: defaultRevision, hubFolder, all: false, only },
    access,
    {
      ...events,
      async onPlan(plan) {
        for (const { path, bytes, url, hash } of plan.files) {
          if (hash?.kind !== "sha256") continue;
          const pin = pins[path];
          if (pin !== undefined && pin.sha256 !== hash.hex)
            throw new ProteoscopeError(
              `${url.href}: has the sha256 ${hash.hex} where ${pin.sha256} came on ${pin.pinned.slice(0, 10)}: its makers have changed it`,
              { kind: "data", field: "update" },
            );
          const pinned = pin?.pinned ?? new Date().toISOString();
          seen.push({ ...{ path, bytes, sha256: hash.hex, url: url.href, pinned }, isNew: true });
        }
        await onPlan?.(plan);
      },
    },
  );
  for (const file of seen) await onFile(file);
  return pulled;
}

function describeLicence({ codeLicence, weightsLicence }: ReleasedWeights, card: string | undefined): string {
  const named = card === undefined ? "" : `; the card names ${card}`;
  return `code ${codeLicence}; weights: ${weightsLicence}${named}`;
}
