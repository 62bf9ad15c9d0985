// `proteoscope models pull <release>`: weights of other groups by the name of their release. Size, disk and licence are said
// before anything comes; the licence is accepted once, with --accept-licence; the sha256 of each file is shown and pinned.

import { findReleased, pullReleased } from "@proteoscope/models/node";
import type { ReleasedWeights } from "@proteoscope/models/released";
import { cacheFolders } from "../../cache-folders.ts";
import type { CommandContext } from "../../cli/command.ts";
import { CommandError, exitCodes } from "../../cli/errors.ts";
import { printJson, printLines } from "../../cli/print.ts";
import { addAdvice, describePlan, isTrue, parseEndpoint, pullProgress, sayPause } from "./pull-messages.ts";

interface ReleaseArguments {
  readonly endpoint?: string | undefined;
  readonly offline?: boolean | undefined;
  readonly json?: boolean | undefined;
  readonly update?: boolean | undefined;
  readonly "accept-licence"?: boolean | undefined;
}

/** Pulls released weights and prints where they are. @throws CommandError, and what the pull throws. */
export async function pullRelease(
  weights: ReleasedWeights,
  args: ReleaseArguments,
  { stdout, stderr, env, signal }: CommandContext,
): Promise<undefined> {
  const { name, place } = weights;
  const { huggingFace: hubFolder, released: releasedFolder } = cacheFolders(env);
  if (args.offline || isTrue(env.HF_HUB_OFFLINE)) {
    const path = await findReleased(weights, { hubFolder, releasedFolder });
    if (path === undefined)
      throw new CommandError(
        `${name} is not on this machine: pull it once without --offline and HF_HUB_OFFLINE`,
        exitCodes.notFound,
      );
    if (args.json) printJson(stdout, { name, path, downloadedBytes: 0 });
    else printLines(stdout, path);
    return;
  }
  const isHub = place.kind === "hub";
  const mirror = args.endpoint ?? (isHub ? env.HF_ENDPOINT : undefined);
  const endpoint = parseEndpoint(mirror || (isHub ? "https://huggingface.co" : place.address));
  const progress = pullProgress(name, stderr);
  const pulled = await pullReleased(
    weights,
    {
      ...{ hubFolder, releasedFolder, bucketAddress: endpoint },
      ...{ acceptsLicence: args["accept-licence"] === true, takesChanged: args.update === true },
    },
    { endpoint, token: (isHub && env.HF_TOKEN) || undefined, signal, onPause: sayPause(stderr) },
    {
      onPlan(plan) {
        printLines(stderr, describePlan(name, plan), `licence of ${name}: ${plan.licence} (${weights.card})`);
      },
      onProgress: progress.show,
    },
  )
    .catch(addAdvice)
    .finally(progress.close);
  if (args.json) printJson(stdout, pulled);
  else {
    if (pulled.downloadedBytes > 0)
      printLines(stderr, ...pulled.files.map(({ path, sha256 }) => `sha256 ${sha256}  ${path}`));
    printLines(stdout, pulled.path);
  }
}
