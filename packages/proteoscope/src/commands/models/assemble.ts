// `proteoscope models assemble`: joins the models of finished runs, and parts of other models, to one model folder that is
// used and passed on as a whole. Weights become float16, which halves them; what was measured and what is no tensor is
// copied. A part is a network with all that belongs to it, or a file beside the networks: of a part that several have, the last
// one counts as a whole. SHA256SUMS lists the whole folder.
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { float32ToFloat16, type NdArray, readSafetensors, writeSafetensors } from "@proteoscope/formats";
import { groupBy } from "@proteoscope/lab";
import { resolveCheckpoint } from "../../checkpoint-path.ts";
import { checksumFileName } from "../../checksums.ts";
import { defineCommand } from "../../cli/command.ts";
import { CommandError, exitCodes } from "../../cli/errors.ts";
import { checkOutputFolder, withOutputFolder } from "../../cli/output.ts";
import { printJson, printLines } from "../../cli/print.ts";

export const modelsAssembleCommand = defineCommand({
  name: "assemble",
  description: "Join run folders and parts of models to one model folder",
  takesMany: true,
  args: {
    source: {
      type: "positional",
      description:
        "Run folders or model folders; of a part (unet/, plm/, ...) that several have, the last one counts",
    },
    output: { type: "string", alias: "o", valueHint: "folder", description: "The model folder" },
    precision: {
      type: "enum",
      options: ["float16", "float32"],
      default: "float16",
      description: "Precision of the stored weights",
    },
  },
  examples: [
    "proteoscope models assemble runs/diffusion runs/sequence-features runs/classifier -o model",
    "proteoscope generate FBL --model model -o out",
  ],
  async run({ output, precision, ...args }, { stdout, stderr, env, signal }) {
    if (output === undefined) throw new CommandError("-o is missing: name the model folder", exitCodes.usage);
    const sources = await Promise.all(args._.map((named) => resolveCheckpoint(named, env)));
    await checkOutputFolder(output, sources);
    const files = joinParts(await Promise.all(sources.map(filesBelow)));
    files.delete(checksumFileName);
    const names = [...files.keys()].sort();
    let bytes = 0;
    await withOutputFolder(
      output,
      async (folder) => {
        const lines: string[] = [];
        for (const name of names) {
          const content = await readFile(files.get(name)!);
          const stored = precision === "float16" ? halveWeights(name, content) : content;
          await folder.write(name, stored);
          lines.push(`${createHash("sha256").update(stored).digest("hex")}  ${name}\n`);
          bytes += stored.length;
        }
        await folder.write(checksumFileName, lines.join(""));
      },
      { signal, inputs: sources },
    );
    if (args.json) printJson(stdout, { output, files: names.length, bytes });
    else printLines(stderr, `${output}: ${names.length} files, ${(bytes / 1e6).toFixed(1)} MB`);
    return undefined;
  },
});

/** The path of each file by its name in the model. Files of one part that come from two sources would not fit each other. */
function joinParts(sources: readonly (readonly [name: string, path: string][])[]): Map<string, string> {
  const partOf = (name: string) => name.split("/")[0]!;
  const parts = new Map(sources.flatMap((files) => [...groupBy(files, ([name]) => partOf(name))]));
  return new Map([...parts.values()].flat());
}

/** Paths of the files below a folder by their names in it. */
async function filesBelow(folder: string): Promise<[string, string][]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() || entry.isSymbolicLink()) // the cache of Hugging Face is made of links
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => [relative(folder, path).split(sep).join("/"), path]);
}

/** A file with its weights in half precision; what was measured stays as it is. */
function halveWeights(name: string, bytes: Uint8Array): Uint8Array {
  if (!name.endsWith(".safetensors") || name.startsWith("condition/")) return bytes;
  const { tensors, metadata } = readSafetensors(bytes);
  return writeSafetensors(new Map([...tensors].map(([key, value]) => [key, halved(value)])), metadata);
}

function halved(value: NdArray): NdArray {
  if (value.dtype !== "float32") return value;
  return { ...value, dtype: "float16", data: float32ToFloat16(value.data as Float32Array) };
}
