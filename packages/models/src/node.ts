// What @proteoscope/models has for Node alone: folders on disk, and models of the Hugging Face Hub in the cache that all
// tools share. The list is made by hand.

export { type ConvertOptions, findCellDiffAutoencoder, openCellDiffFile } from "./node/cell-diff-file.ts";
export { openFolder } from "./node/folder.ts";
export { hashFile } from "./node/hash-file.ts";
export type { HubAccess } from "./node/hub/client.ts";
export {
  type PullEvents,
  type PulledModel,
  type PullPlan,
  type PullRequest,
  pullModel,
} from "./node/hub/pull.ts";
export { type BucketFile, type BucketRequest, pullBucket } from "./node/hub/pull-bucket.ts";
export {
  findReleased,
  type PulledRelease,
  pullReleased,
  type ReleaseRequest,
} from "./node/hub/pull-released.ts";
export { type Pin, type ReleaseRecord, readRecord, releaseFolder } from "./node/hub/release-record.ts";
export {
  defaultRevision,
  findSnapshot,
  isConfined,
  isModelName,
  repositoryFolder,
} from "./node/hub/repository.ts";
