// The state of the atlas: the map of annotated proteins as it is made, what of it is shown, and which proteins are selected. It
// outlives the view, so that a selection is still there after a look at the pictures.
import type { Backend } from "../api/backend.ts";
import type { ProteinMap } from "../api/types.ts";
import type { AtlasFilter } from "../atlas/scatter.ts";
import { type Camera, wholeImage } from "../viewer/camera.ts";

const pauseMs = 700;

/** The atlas of a page. */
export class Atlas {
  map = $state.raw<ProteinMap | null>(null);
  progress = $state.raw<{ readonly done: number; readonly total: number } | null>(null);
  filter = $state.raw<AtlasFilter>({ text: "", compartment: "" });
  camera = $state.raw<Camera>(wholeImage);
  /** Indices in the map. */
  selected = $state.raw<ReadonlySet<number>>(new Set());
  #isLoading = false;

  /** Asks for the map until it is there. @throws ProblemError where it cannot be made. */
  async load(backend: Pick<Backend, "proteinMap">): Promise<void> {
    if (this.map !== null || this.#isLoading) return;
    this.#isLoading = true;
    try {
      for (;;) {
        const { map, progress } = await backend.proteinMap();
        this.progress = progress;
        this.map = map;
        if (map !== null) return;
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    } finally {
      this.#isLoading = false;
    }
  }

  select(indices: readonly number[]): void {
    this.selected = new Set(indices);
  }

  toggle(index: number): void {
    const next = new Set(this.selected);
    if (!next.delete(index)) next.add(index);
    this.selected = next;
  }

  restrict(changes: Partial<AtlasFilter>): void {
    this.filter = { ...this.filter, ...changes };
  }
}
