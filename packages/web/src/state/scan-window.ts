// The picture of a window of a scan: the protein without that stretch beside the wild type, around one nucleus and from the same
// noise. It is an ordinary comparison, so that it is in the queue and in the gallery, and is found again after a reload.
import type { JobRequest, Protein, Settings, WindowRow } from "../api/types.ts";

type MutateRequest = Extract<JobRequest, { kind: "mutate" }>;

/** The null of one picture is not shown: as few draws as are taken. */
const fewestDraws = 20;

/** The change that is drawn of a window: that of the scan, or its deletion where the scan's is random. */
export function variantOfWindow({ variant, first, last }: WindowRow): string {
  return variant ?? (first === last ? `del:${first}` : `del:${first}-${last}`);
}

/** The comparison that draws a variant. */
export function windowRequest(
  protein: Protein,
  variant: string,
  nuclei: readonly string[],
  settings: Settings,
): MutateRequest {
  return {
    ...{ kind: "mutate", protein, variants: [variant], nuclei: nuclei.slice(0, 1) },
    settings: { ...settings, samples: 1 },
    draws: fewestDraws,
  };
}

/** Whether a job draws what another one would. */
export function sameWindow(request: JobRequest, wanted: MutateRequest): boolean {
  const keyOf = ({ protein, variants, nuclei, settings }: MutateRequest) =>
    JSON.stringify([
      ...[protein.sequence, variants, nuclei],
      ...[settings.samples, settings.steps, settings.guidance, settings.sampler, settings.seed],
    ]);
  return request.kind === "mutate" && keyOf(request) === keyOf(wanted);
}
