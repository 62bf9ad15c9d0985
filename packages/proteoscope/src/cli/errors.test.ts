import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ProteoscopeError } from "@proteoscope/formats";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { CommandError, describeFailure, exitCodes } from "./errors.ts";

function named(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
}

describe("describeFailure", () => {
  it("keeps the message and the exit code that a command chose", () => {
    const error = new CommandError("x.fasta: line 3: no residue 'J'", exitCodes.badData);
    expect(describeFailure(error)).toEqual({ message: "x.fasta: line 3: no residue 'J'", exitCode: 3 });
  });

  it("knows the errors of the other packages by name", () => {
    expect(describeFailure(named("FormatError", "short")).exitCode).toBe(3);
    expect(describeFailure(named("ConfigError", "bad key")).exitCode).toBe(2);
    expect(describeFailure(named("NotFoundError", "no model")).exitCode).toBe(4);
    expect(describeFailure(named("DeviceError", "no webgpu")).exitCode).toBe(5);
    expect(describeFailure(named("AbortError", "aborted"))).toEqual({
      message: "interrupted",
      exitCode: 130,
    });
  });

  it("knows those that say their kind by it, whatever their name", () => {
    const codes = { usage: 2, data: 3, notFound: 4, device: 5, failure: 1 } as const;
    for (const kind of ["usage", "data", "notFound", "device", "failure"] as const) {
      const failure = describeFailure(new ProteoscopeError("no such plane", { kind }));
      expect(failure).toEqual({ message: "no such plane", exitCode: codes[kind] });
    }
  });

  it("names the path of a real missing file", async () => {
    const path = join(tmpdir(), "proteoscope-there-is-no-such-file");
    const error = await readFile(path).catch((reason: unknown) => reason);
    expect(describeFailure(error)).toEqual({ message: `${path}: no such file or folder`, exitCode: 4 });
  });

  it("distinguishes a folder where a file was wanted from a missing one", () => {
    let error: unknown;
    try {
      readFileSync(tmpdir());
    } catch (reason) {
      error = reason;
    }
    expect(describeFailure(error).exitCode).toBe(3);
  });

  it("calls an output that cannot be written a failure", () => {
    const error = Object.assign(new Error("EROFS"), { code: "EROFS", path: "/out" });
    expect(describeFailure(error)).toEqual({ message: "/out: the file system is read-only", exitCode: 1 });
    const denied = Object.assign(new Error("EACCES"), { code: "EACCES", path: "/out" });
    expect(describeFailure(denied)).toEqual({ message: "/out: permission denied", exitCode: 1 });
  });

  it("puts what a schema found on one line, with its keys", () => {
    const schema = z.object({ train: z.object({ steps: z.number() }) });
    const { error } = schema.safeParse({ train: { steps: "many" } });
    const { message, exitCode } = describeFailure(error);
    expect(message).toMatch(/^train\.steps: .*number/);
    expect(message).not.toContain("\n");
    expect(exitCode).toBe(2);
  });

  it("says the kind of an error that nobody foresaw, on one line", () => {
    expect(describeFailure(new TypeError("x is\n  undefined"))).toEqual({
      message: "TypeError: x is; undefined",
      exitCode: 1,
    });
    expect(describeFailure("just words")).toEqual({ message: "just words", exitCode: 1 });
  });
});
