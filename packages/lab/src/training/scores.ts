// Scores of a run, and the best validation score so far: its step is that of the model in `model/` and of the checkpoint that
// is never removed. It is stored with every checkpoint, so that a resumed run compares with the same score.

/** Losses, metrics or validation scores, by name. */
export type Scores = Readonly<Record<string, number>>;

/** The score that chooses the model of a run. */
export interface BestChoice {
  readonly score: string;
  readonly mode: "max" | "min";
}

export interface BestScore {
  /** The step of the best score; undefined before the first validation. */
  readonly step: number | undefined;
  /** Whether these scores are the best so far. */
  offer(step: number, scores: Scores): boolean;
  /** Strings for a checkpoint, from which `restore` goes on. */
  metadata(): Record<string, string>;
  restore(metadata: Readonly<Record<string, string>>): void;
}

/** Without a named score, the latest is the best; so it is while the named one has been no number. */
export function openBestScore(best: BestChoice | undefined): BestScore {
  let value = Number.NaN;
  let step: number | undefined;
  return {
    get step() {
      return step;
    },
    offer(newStep, scores) {
      const newValue = best === undefined ? newStep : (scores[best.score] ?? Number.NaN);
      const isBetter = Number.isNaN(value) || (best?.mode === "min" ? newValue < value : newValue > value);
      if (isBetter) [step, value] = [newStep, newValue];
      return isBetter;
    },
    metadata: (): Record<string, string> =>
      step === undefined ? {} : { bestStep: String(step), bestValue: String(value) },
    restore({ bestStep, bestValue }) {
      if (bestStep !== undefined) [step, value] = [Number(bestStep), Number(bestValue)];
    },
  };
}
