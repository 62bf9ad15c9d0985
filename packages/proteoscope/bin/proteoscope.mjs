#!/usr/bin/env node
// The command users type. In a clone the TypeScript sources run as they are, through tsx, with no build step;
// in the packed release there are no sources and the bundle made by `npm run pack:release` runs instead.
import { existsSync } from "node:fs";

let cli;
if (existsSync(new URL("../src/cli.ts", import.meta.url))) {
  const { register } = await import("tsx/esm/api");
  register();
  cli = await import("../src/cli.ts");
} else {
  cli = await import("../dist/cli.js");
}
await cli.runProcess(process.argv.slice(2));
