// What a server and the process that works for it say to each other.
// Large data goes through the store of files.

import type { ProgressEvent } from "@proteoscope/microscope";
import type { Problem } from "../api.ts";
import type { WorkCalls, WorkDescription } from "../work/work.ts";

/** The variable by which `proteoscope worker` knows that it works for the process that started it. */
export const parentVariable = "PROTEOSCOPE_WORKS_FOR_PARENT";

/** From the server. */
export type Order =
  | { readonly call: number; readonly method: "job" | keyof WorkCalls; readonly params: unknown }
  | { readonly cancel: number };

/** From the process. */
export type Answer =
  | { readonly ready: WorkDescription }
  | { readonly call: number; readonly progress: ProgressEvent }
  | { readonly call: number; readonly preview: { readonly image: string } }
  | { readonly call: number; readonly result: unknown }
  | { readonly call: number; readonly problem: Problem };
