// What ONNX Runtime's own profile says about a case: the time of each kernel, summed by operator and by shape.
// Format: one JSON array of Chrome trace events, https://onnxruntime.ai/docs/performance/tune-performance/profiling-tools.html
import { formatColumns, formatNumber } from "./report.ts";

/** One kernel's run, as the profile has it. */
export interface KernelEvent {
  readonly cat: string;
  readonly name: string;
  /** Microseconds. */
  readonly dur: number;
  readonly args?: {
    readonly op_name?: string;
    readonly input_type_shape?: readonly Readonly<Record<string, readonly number[]>>[];
  };
}

export interface KernelTime {
  readonly label: string;
  /** Kernels of one run. */
  readonly count: number;
  /** Time of one run. */
  readonly ms: number;
}

/** Kernel times of one run, the longest first, by operator or by operator and shapes of its inputs. */
export function sumKernels(
  events: readonly KernelEvent[],
  { runs, byShape = false }: { readonly runs: number; readonly byShape?: boolean },
): KernelTime[] {
  const sums = new Map<string, { count: number; ms: number }>();
  for (const { cat, name, dur, args } of events) {
    if (cat !== "Node" || !name.endsWith("_kernel_time") || args?.op_name === undefined) continue;
    const label = byShape ? `${args.op_name} ${shapesOf(args)}` : args.op_name;
    const { count, ms } = sums.get(label) ?? { count: 0, ms: 0 };
    sums.set(label, { count: count + 1 / runs, ms: ms + dur / 1000 / runs });
  }
  return [...sums].map(([label, sum]) => ({ label, ...sum })).sort((a, b) => b.ms - a.ms);
}

function shapesOf({ input_type_shape: inputs = [] }: NonNullable<KernelEvent["args"]>): string {
  return inputs.map((input) => Object.values(input)[0]!.join("x") || "scalar").join(" ");
}

const longestLabel = 64;

/** The longest of the times as a table with their share of all. */
export function formatKernels(title: string, times: readonly KernelTime[], most: number): string {
  const totalMs = times.reduce((sum, { ms }) => sum + ms, 0);
  return formatColumns(
    [title, "kernels", "ms", "%"],
    times
      .slice(0, most)
      .map(({ label, count, ms }) => [
        label.length > longestLabel ? `${label.slice(0, longestLabel)}...` : label,
        count.toFixed(0),
        formatNumber(ms),
        ((100 * ms) / totalMs).toFixed(1),
      ]),
  );
}
