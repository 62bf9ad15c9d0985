// The side of the process: does what its parent orders until the parent is gone. Several calls go on at once; the networks
// compute on a thread of their own, one step of each in turn.

import { isForeseen, problemOf } from "../problem.ts";
import type { WorkTools } from "../work/tools.ts";
import { describeWork, jobWork, type WorkCalls, workCalls } from "../work/work.ts";
import type { Answer, Order } from "./messages.ts";

/** Serves the parent until it goes away or the signal aborts. @throws Error where this process has no parent to talk to. */
export async function serveParent(tools: WorkTools, signal: AbortSignal): Promise<void> {
  if (process.send === undefined) throw new Error("this process has no channel to a parent");
  const say = (answer: Answer): void => {
    // The parent may be gone, which ends this process.
    if (process.connected) process.send!(answer, undefined, undefined, () => undefined);
  };
  const running = new Map<number, AbortController>();
  const work = jobWork(tools);
  const calls = workCalls(tools);
  const run = async ({ call, method, params }: Extract<Order, { method: unknown }>): Promise<void> => {
    const controller = new AbortController();
    running.set(call, controller);
    const reporter = {
      onProgress: (progress: Extract<Answer, { progress: unknown }>["progress"]) => say({ call, progress }),
      onPreview: (preview: { readonly image: string }) => say({ call, preview }),
    };
    try {
      const result =
        method === "job"
          ? await work.run(params as never, reporter, controller.signal)
          : await calls[method as keyof WorkCalls](params as never);
      say({ call, result });
    } catch (error) {
      if (!isForeseen(error) && !controller.signal.aborted) console.error(error);
      say({ call, problem: problemOf(error) });
    } finally {
      running.delete(call);
    }
  };
  const onMessage = (order: Order): void => {
    if ("cancel" in order) running.get(order.cancel)?.abort();
    else void run(order);
  };
  process.on("message", onMessage);
  try {
    say({ ready: await describeWork(tools) });
    await new Promise<void>((resolve) => {
      process.once("disconnect", resolve);
      signal.addEventListener("abort", () => resolve());
      if (!process.connected || signal.aborted) resolve();
    });
  } finally {
    process.off("message", onMessage);
    for (const controller of running.values()) controller.abort();
  }
}
