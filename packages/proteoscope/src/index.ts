// The library behind the command line, for programs: everything listed here by hand is public.
// The networks, the engine and the formats are re-exported where a program that installs `proteoscope` needs them.
export { runCommandLine } from "./cli.ts";
export { CommandError, type ExitCode, exitCodes } from "./errors.ts";
export { packageVersion } from "./package-files.ts";
