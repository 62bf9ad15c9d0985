import { describe, expect, it } from "vitest";
import { defineCommand, defineGroup } from "./cli/command.ts";
import { CommandError, exitCodes } from "./cli/errors.ts";
import { runCommandLine } from "./cli.ts";
import { packageVersion } from "./package-files.ts";
import { recordCommandContext } from "./testing/command-context.ts";

const seen: unknown[] = [];

const draw = defineCommand({
  name: "draw",
  description: "Draw a protein",
  args: {
    protein: { type: "positional", description: "its name" },
    steps: { type: "string", default: "50", description: "how many" },
    output: { type: "string", alias: "o", description: "a folder" },
  },
  examples: ["proteoscope draw LMNB1 --steps 15"],
  takesMany: true,
  async run(args) {
    seen.push({ proteins: args._, steps: args.steps, output: args.output, seed: args.seed, json: args.json });
    return undefined;
  },
});

const fail = defineCommand({
  name: "fail",
  description: "Fail in a chosen way",
  args: { how: { type: "positional", description: "in which" } },
  examples: [],
  async run({ how }) {
    if (how === "foreseen") throw new CommandError("x.fasta: empty", exitCodes.badData);
    if (how === "code") return exitCodes.noDevice;
    throw new TypeError("undefined is not a function");
  },
});

const main = defineGroup("proteoscope", "A test of the frame", {
  draw: async () => draw,
  fail: async () => fail,
  models: async () => defineGroup("models", "Checkpoints", { draw: async () => draw }),
});

async function run(words: string[], env: Record<string, string> = {}) {
  const { commandContext, output } = recordCommandContext(env);
  seen.length = 0;
  return { exitCode: await runCommandLine(words, commandContext, main), ...output };
}

describe("the command line", () => {
  it("prints the version", async () => {
    expect(await run(["--version"])).toEqual({ exitCode: 0, stdout: `${packageVersion()}\n`, stderr: "" });
  });

  it("gives a command its words, wherever the shared options stand", async () => {
    expect((await run(["draw", "A", "B", "-o", "out", "--json", "--seed", "7"])).exitCode).toBe(0);
    expect(seen).toEqual([{ proteins: ["A", "B"], steps: "50", output: "out", seed: "7", json: true }]);
    expect((await run(["--seed", "7", "models", "draw", "A", "--steps=3"])).exitCode).toBe(0);
    expect(seen).toEqual([{ proteins: ["A"], steps: "3", output: undefined, seed: "7", json: undefined }]);
  });

  it("ends with code 2 and the nearest name at an unknown command or option", async () => {
    expect(await run(["drw"])).toMatchObject({
      exitCode: 2,
      stdout: "",
      stderr: 'proteoscope: unknown command "drw" (did you mean draw?)\n',
    });
    expect((await run(["models", "zzzzzz"])).stderr).toContain(
      "`proteoscope models --help` lists the commands",
    );
    expect(await run(["draw", "A", "--step", "3"])).toMatchObject({
      exitCode: 2,
      stderr: "proteoscope: unknown option --step (did you mean --steps?)\n",
    });
    expect((await run(["constructor"])).exitCode).toBe(2);
    expect((await run(["--verson"])).stderr).toContain("unknown option --verson");
    expect(seen).toEqual([]);
  });

  it("ends with code 2 at a device that is none", async () => {
    const { exitCode, stderr } = await run(["draw", "A", "--device", "gpu"]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('--device is one of auto, cpu, webgpu, cuda, got "gpu"');
  });

  it("shows help with examples on request, on standard output and without colours", async () => {
    const { exitCode, stdout, stderr } = await run(["draw", "--help"]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain("proteoscope draw [OPTIONS]");
    expect(stdout).toContain("EXAMPLES\n\n  proteoscope draw LMNB1 --steps 15\n");
    for (const option of ["--json", "--seed", "--device", "--steps", "-o"]) expect(stdout).toContain(option);
    expect(stdout).not.toContain("\u001b");
    expect(stderr).toBe("");
  });

  it("lists the commands: on request as a result, without a command as a mistake", async () => {
    const asked = await run(["--help"]);
    expect(asked.exitCode).toBe(0);
    expect(asked.stdout).toMatch(/draw +Draw a protein/);
    const bare = await run([]);
    expect(bare).toMatchObject({ exitCode: 2, stdout: "" });
    expect(bare.stderr).toContain("Draw a protein");
    expect((await run(["models"])).stderr).toContain("Draw a protein");
  });

  it("turns failures into one line and a code, and shows the stack only on request", async () => {
    expect(await run(["fail", "foreseen"])).toEqual({
      exitCode: 3,
      stdout: "",
      stderr: "proteoscope: x.fasta: empty\n",
    });
    expect((await run(["fail", "code"])).exitCode).toBe(5);
    const bug = "proteoscope: TypeError: undefined is not a function\n";
    expect(await run(["fail", "bug"])).toMatchObject({ exitCode: 1, stderr: bug });
    expect((await run(["fail", "bug"], { DEBUG: "proteoscope" })).stderr).toMatch(/cli\.test\.ts/);
  });

  it("calls whatever fails after an interrupt an interrupt", async () => {
    const { commandContext, output, controller } = recordCommandContext();
    controller.abort();
    expect(await runCommandLine(["fail", "bug"], commandContext, main)).toBe(130);
    expect(output.stderr).toBe("proteoscope: interrupted\n");
  });
});
