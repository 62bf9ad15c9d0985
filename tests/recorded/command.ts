// The command line as users run it, in a process of its own: recordings are driven through it alone, so that they
// outlive any change of what lies behind it.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { repositoryRoot } from "../architecture/repository.ts";

const bin = join(repositoryRoot, "packages/proteoscope/bin/proteoscope.mjs");

/** Runs `proteoscope` on the cpu, with relative paths below `folder`; returns what it printed on standard output. */
export function proteoscope(folder: string, ...words: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...words, "--device", "cpu"], {
    cwd: folder,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`proteoscope ${words.join(" ")} ended with ${status}: ${stderr}`);
  return stdout;
}
