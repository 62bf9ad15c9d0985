// What @proteoscope/models has for Node alone: folders on disk, and models of the Hugging Face Hub in the cache that all
// tools share. The list is made by hand.

export { openFolder } from "./node/folder.ts";
export { hashFile } from "./node/hash-file.ts";
export type { HubAccess } from "./node/hub/client.ts";
export { type PullEvents, type PulledModel, type PullRequest, pullModel } from "./node/hub/pull.ts";
export {
  defaultRevision,
  findSnapshot,
  isConfined,
  isModelName,
  repositoryFolder,
} from "./node/hub/repository.ts";
