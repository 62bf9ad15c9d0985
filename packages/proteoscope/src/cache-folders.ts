// The folders that outlive a command: the Hugging Face cache, shared with every other tool that follows its
// variables (HF_HUB_CACHE, HF_HOME), and our own under the XDG base directory (XDG_CACHE_HOME).
// https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables
import { homedir } from "node:os";
import { join } from "node:path";

export interface CacheFolders {
  /** Checkpoints from the Hub, in the Hub's own layout. */
  readonly huggingFace: string;
  /** What this program computes once: compiled graphs, converted weights. */
  readonly proteoscope: string;
  /** Weights that other groups released in public buckets, and what was pinned and accepted of all released weights. */
  readonly released: string;
  /** Compiled networks; undefined where PROTEOSCOPE_KEEP_SESSIONS is 0. */
  readonly sessions: string | undefined;
  /** Results of finished networks that others are trained on; undefined where PROTEOSCOPE_KEEP_SESSIONS is 0. */
  readonly frozen: string | undefined;
  /** Embeddings of images that were evaluated; undefined as well. */
  readonly embeddings: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The cache folders for an environment; empty variables count as unset. */
export function cacheFolders(env: Environment, home: string = homedir()): CacheFolders {
  const shared = env.XDG_CACHE_HOME || join(home, ".cache");
  const huggingFaceHome = env.HF_HOME || join(shared, "huggingface");
  const own = join(shared, "proteoscope");
  const keeps = env.PROTEOSCOPE_KEEP_SESSIONS !== "0";
  return {
    huggingFace: env.HF_HUB_CACHE || join(huggingFaceHome, "hub"),
    proteoscope: own,
    released: join(own, "released"),
    sessions: keeps ? join(own, "sessions") : undefined,
    frozen: keeps ? join(own, "frozen") : undefined,
    embeddings: keeps ? join(own, "embeddings") : undefined,
  };
}

/** The folder of what users keep here, such as jobs of `serve`: under the XDG base directory (XDG_DATA_HOME). */
export function dataFolder(env: Environment, home: string = homedir()): string {
  return join(env.XDG_DATA_HOME || join(home, ".local", "share"), "proteoscope");
}
