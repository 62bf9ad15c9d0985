// The networks of a model that a command line names, each with the folder it has in a pipeline of diffusers: one
// checkpoint, a training checkpoint with several networks, or a model folder with its parts.
import type { NoiseScheduleConfig, Pretrained } from "@proteoscope/models";
import { openCheckpoint } from "./checkpoint-path.ts";
import type { CommandContext } from "./cli/command.ts";
import { sayWhenSlow } from "./cli/progress.ts";

export interface NamedNetworks {
  /** By folder: "unet", "vae", "plm"; "" for a network that is alone. */
  readonly networks: ReadonlyMap<string, Pretrained>;
  /** The pipeline's schedule; the reference's where a training checkpoint has a denoiser. */
  readonly noiseSchedule: NoiseScheduleConfig | undefined;
}

/** Notices go to standard error. @throws CommandError (not found), and what `loadPretrained` throws. */
export async function readNetworks(
  named: string,
  { env, stderr }: Pick<CommandContext, "env" | "stderr">,
): Promise<NamedNetworks> {
  const { loadLanguageModel, loadParts, loadPipeline, noiseScheduleDefaults, subfolder } = await import(
    "@proteoscope/models"
  );
  const { folder, options } = await openCheckpoint(named, env);
  if (options.file === undefined && (await folder.exists("model_index.json"))) {
    const { unet, autoencoder, noiseSchedule, index } = await loadPipeline(folder);
    const networks = new Map<string, Pretrained>([
      ["unet", unet],
      ["vae", autoencoder],
    ]);
    if (index.proteoscope !== undefined)
      networks.set("plm", await loadLanguageModel(subfolder(folder, "plm")));
    return { networks, noiseSchedule };
  }
  const onNotice = (notice: string): void => void stderr.write(`${notice}\n`);
  const loading = loadParts(folder, { ...options, onNotice });
  const parts = await sayWhenSlow(stderr, `reading the weights of ${named}`, loading);
  if (parts.length === 1) return { networks: new Map([["", parts[0]!]]), noiseSchedule: undefined };
  const folders = parts.map((part): [string, Pretrained] => [
    part.architecture === "autoencoder" ? "vae" : part.architecture,
    part,
  ]);
  const hasDenoiser = parts.some(({ architecture }) => architecture === "unet");
  return { networks: new Map(folders), noiseSchedule: hasDenoiser ? noiseScheduleDefaults : undefined };
}
