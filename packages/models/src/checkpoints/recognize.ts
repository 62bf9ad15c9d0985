// Which of several networks a checkpoint holds: its configuration says so, else the names of its tensors do. Both
// questions go to the definitions, in their order. And which of its tensors are that network's.

import { type Json, shorten } from "./config-json.ts";
import { firstThree } from "./declared-parameters.ts";
import { CheckpointError } from "./file-source.ts";
import type { NetworkDefinition, StateDict } from "./network-definition.ts";

/** The definition that a config.json names. @throws CheckpointError where it names none of them. */
export function recognizeConfig<D extends NetworkDefinition>(
  networks: readonly D[],
  json: Json,
  place: string,
): D {
  const found = networks.find((definition) => definition.recognizesConfig(json));
  if (found !== undefined) return found;
  const named = [json._class_name, json.model_type].find((name) => typeof name === "string");
  const fault =
    named === undefined
      ? "its configuration names no architecture"
      : `${shorten(JSON.stringify(named))} is no known architecture`;
  throw new CheckpointError(`${place}: ${fault}; known are ${titlesOf(networks)}`);
}

/** The definition whose names the tensors have. @throws CheckpointError where they are those of none. */
export function recognizeNames<D extends NetworkDefinition>(
  networks: readonly D[],
  tensors: StateDict,
  place: string,
): D {
  const found = networks.find((definition) => isRecognized(definition, tensors));
  if (found !== undefined) return found;
  throw new CheckpointError(
    `${place}: no config.json, and these tensors are those of no known network; known are ${titlesOf(networks)}`,
  );
}

/** Whether the tensors have the names of a network. */
export function isRecognized(definition: NetworkDefinition, tensors: StateDict): boolean {
  return definition.recognizesNames((pattern) => [...tensors.keys()].some((name) => pattern.test(name)));
}

/** The tensors under canonical names that are the network's; a notice names the first of the others. */
export function ownTensors<T>(
  { foreignNames, title }: NetworkDefinition,
  tensors: ReadonlyMap<string, T>,
  place: string,
  onNotice: (notice: string) => void,
): Map<string, T> {
  const isForeign = (name: string): boolean => foreignNames?.test(name) === true;
  const foreign = [...tensors.keys()].filter(isForeign);
  if (foreign.length > 0)
    onNotice(`${place}: left out, because they are no part of ${title}: ${firstThree(foreign)}`);
  return new Map([...tensors].filter(([name]) => !isForeign(name)));
}

function titlesOf(networks: readonly NetworkDefinition[]): string {
  return networks.map(({ title }) => title).join(", ");
}
