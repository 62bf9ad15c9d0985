// The calls that a process has not answered yet. Each is settled by its answer, or by the end of the process; what a
// job says meanwhile goes to its reporter.

import { type JobReporter, ProcessEndedError } from "../jobs/run-job.ts";
import { ProblemError } from "../problem.ts";
import type { Answer } from "./messages.ts";

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly reporter: JobReporter | undefined;
}

/** Calls by their numbers. */
export interface PendingCalls {
  /** A new call: its number, and what it will give. */
  add(reporter: JobReporter | undefined): { readonly number: number; readonly result: Promise<unknown> };
  onAnswer(answer: Exclude<Answer, { ready: unknown }>): void;
  /** Rejects all of them: their process has ended. */
  end(reason: string): void;
}

/** Begins with none. */
export function openPendingCalls(): PendingCalls {
  const pending = new Map<number, Pending>();
  let next = 0;
  return {
    add(reporter) {
      const number = next++;
      const result = new Promise<unknown>((resolve, reject) =>
        pending.set(number, { resolve, reject, reporter }),
      );
      return { number, result };
    },
    onAnswer(answer) {
      const call = pending.get(answer.call);
      if ("progress" in answer) call?.reporter?.onProgress(answer.progress);
      else if ("preview" in answer) call?.reporter?.onPreview(answer.preview);
      else {
        pending.delete(answer.call);
        if ("result" in answer) call?.resolve(answer.result);
        else call?.reject(new ProblemError(answer.problem));
      }
    },
    end(reason) {
      for (const { reject } of pending.values()) reject(new ProcessEndedError(reason));
      pending.clear();
    },
  };
}
