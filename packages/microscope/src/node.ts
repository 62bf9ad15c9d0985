// What Node adds to @proteoscope/microscope: the folder of a screen on disk.

export { finishScreen } from "./screen/node/finish-screen.ts";
export { mergeShards } from "./screen/node/merge-shards.ts";
export {
  openScreenFolder,
  readDescription,
  resultsName,
  type ScreenDescription,
  type ScreenFolder,
} from "./screen/node/screen-folder.ts";
