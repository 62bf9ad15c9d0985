// How components reach the state of the page: by Svelte's context, so that a test can mount one of them with a state of its
// own.
import { getContext, setContext } from "svelte";
import type { Workbench } from "../state/workbench.svelte.ts";

const key = Symbol("workbench");

/** Gives the state to all components below. */
export function provideWorkbench(workbench: Workbench): Workbench {
  return setContext(key, workbench);
}

/** The state of the page. */
export function useWorkbench(): Workbench {
  return getContext<Workbench>(key);
}
