// What Node adds to @proteoscope/microscope: the folder of a screen on disk, and files of embeddings. All
// else of the package also runs in a browser.

export { embeddingFormat, embeddingFormats, finishEmbeddings } from "./embed/node/embedding-files.ts";
export {
  type EmbeddingSettings,
  type EmbeddingStage,
  openEmbeddingStage,
} from "./embed/node/embedding-stage.ts";
export { finishScreen, summarizeShard } from "./screen/node/finish-screen.ts";
export { mergeShards } from "./screen/node/merge-shards.ts";
export {
  openScreenFolder,
  readScreenRows,
  type ScreenDescription,
  type ScreenFolder,
  writeWhole,
} from "./screen/node/screen-folder.ts";
export { writeStream } from "./screen/node/write-stream.ts";
