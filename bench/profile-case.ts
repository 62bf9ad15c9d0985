// `profile-case.ts NAME [RUNS]`: where a case spends its time, kernel by kernel, on the cpu. The runtime is in this thread
// and writes ONNX Runtime's profile, which costs a little: compare its shares, not its times. What the case runs to prepare
// itself (keys and values, say) is in it too.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import * as ort from "onnxruntime-node";
import { createOrtRuntime } from "../packages/engine/src/runtime/ort.ts";
import { caseOf } from "./cases/index.ts";
import { formatKernels, type KernelEvent, sumKernels } from "./profile.ts";

const [name = "", runs = "2"] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "proteoscope-profile-"));
try {
  const runtime = createOrtRuntime(ort, {
    device: "cpu",
    session: {
      ...{ executionProviders: ["cpu"], graphOptimizationLevel: "all" },
      ...{ intraOpNumThreads: availableParallelism(), interOpNumThreads: 1 },
      ...{ enableProfiling: true, profileFilePrefix: join(folder, "profile") },
    },
  });
  const prepared = await caseOf(name).prepare(runtime);
  for (let i = 0; i < Number(runs); i += 1) await prepared.run();
  await prepared.close?.();
  await runtime.close();
  const files = readdirSync(folder).map((file) => readFileSync(join(folder, file), "utf8"));
  const events = files.flatMap((text): KernelEvent[] => JSON.parse(text));
  for (const byShape of [false, true]) {
    const times = sumKernels(events, { runs: Number(runs), byShape });
    process.stdout.write(`${formatKernels(byShape ? "operator and inputs" : "operator", times, 25)}\n`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
