// Chooses which files of a model are fetched: not the same weights for other frameworks, and of PyTorch's two layouts
// safetensors alone where a folder has both. What is left out is reported, and `all` fetches it.
import { ProteoscopeError } from "@proteoscope/formats";
import type { RemoteFile } from "./download.ts";

/** A listing split in two. */
export interface ChosenFiles {
  readonly wanted: readonly RemoteFile[];
  readonly leftOut: readonly RemoteFile[];
}

const otherFrameworks =
  /\.(h5|msgpack|ot|onnx|onnx_data|tflite|mlmodel|gguf|pb|xml)$|(^|\/)(onnx|openvino|coreml|tf_\w+)\//;
const pickled = /\.(bin|pt|pth|ckpt)$|\.bin\.index\.json$/;

/** Splits a listing into the files to fetch and those to leave out. */
export function chooseFiles(files: readonly RemoteFile[], { all }: { all: boolean }): ChosenFiles {
  if (all) return { wanted: files, leftOut: [] };
  const withSafetensors = new Set(
    files.flatMap(({ path }) => (path.endsWith(".safetensors") ? [folderOf(path)] : [])),
  );
  const isWanted = ({ path }: RemoteFile): boolean =>
    !otherFrameworks.test(path) && !(pickled.test(path) && withSafetensors.has(folderOf(path)));
  return { wanted: files.filter(isWanted), leftOut: files.filter((file) => !isWanted(file)) };
}

/** Splits a listing by path. @throws ProteoscopeError (not found) for a file that the model does not have. */
export function chooseOnly(name: string, files: readonly RemoteFile[], only: readonly string[]): ChosenFiles {
  const missing = only.find((path) => !files.some((file) => file.path === path));
  if (missing !== undefined)
    throw new ProteoscopeError(`${name}: the model has no file ${missing}`, { kind: "notFound" });
  const isWanted = ({ path }: RemoteFile): boolean => only.includes(path);
  return { wanted: files.filter(isWanted), leftOut: files.filter((file) => !isWanted(file)) };
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/") + 1);
}
