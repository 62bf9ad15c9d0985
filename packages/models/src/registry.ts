// The networks that can be loaded, saved, run, exported and verified: a network is added by its definition in this list
// (docs/how-to/add-a-network.md). Functions that go through the list take another one as an argument.

import type { ParameterDeclaration } from "@proteoscope/engine";
import { autoencoderKlDefinition } from "./autoencoder-kl/definition.ts";
import { cellDiffDefinition } from "./cell-diff/definition.ts";
import { checkNetwork, parametersOf } from "./checkpoints/declared-parameters.ts";
import type { NetworkDefinition, NetworkOf } from "./checkpoints/network-definition.ts";
import { clipDefinition, tripletDefinition } from "./contrastive/definition.ts";
import { cytoselfDefinition } from "./cytoself/definition.ts";
import { cytoselfRegressorDefinition } from "./cytoself/regressor-definition.ts";
import { esm2Definition } from "./esm2/definition.ts";
import { esmcDefinition } from "./esmc/definition.ts";
import { subcellDefinition } from "./subcell/definition.ts";
import { unetDefinition } from "./unet/definition.ts";
import { vermeerDefinition, vermeerVqDefinition } from "./vermeer/definition.ts";

/** The definitions of all networks, in the order in which they are asked whether a checkpoint is theirs. */
export const networks = [
  cellDiffDefinition, // it and ESMC before ESM2, whose names they have too
  esmcDefinition,
  esm2Definition,
  unetDefinition,
  autoencoderKlDefinition,
  cytoselfDefinition,
  clipDefinition,
  tripletDefinition,
  cytoselfRegressorDefinition,
  subcellDefinition,
  vermeerDefinition,
  vermeerVqDefinition,
] as const;

/** The definition of a network in the list. */
export type RegisteredNetwork = (typeof networks)[number];

/** A network ready to be compiled: `weights` are float32, by the names that its function declares. */
export type Pretrained = NetworkOf<RegisteredNetwork>;

/** The name of a network in the list: `architecture` of a loaded one. */
export type Architecture = RegisteredNetwork["name"];

/** What people call a network, with the library it comes from, by its name. */
export const architectureTitles = Object.fromEntries(
  networks.map(({ name, title }) => [name, title]),
) as Readonly<Record<Architecture, string>>;

/** The given list, or the one above. The types agree, because a list that is not given has the type of that one. */
export function networksOr<D extends NetworkDefinition>(given: readonly D[] | undefined): readonly D[] {
  return given ?? (networks as readonly NetworkDefinition[] as readonly D[]);
}

/** The definition of a loaded network. @throws RangeError where the list has none of its name. */
export function definitionOf<D extends NetworkDefinition>(
  { architecture }: { readonly architecture: D["name"] },
  given?: readonly D[],
): D {
  const definition = networksOr(given).find(({ name }) => name === architecture);
  if (definition === undefined) throw new RangeError(`"${architecture}" is no network of the registry`);
  return definition;
}

/**
 * All parameters of a network by name, with their shapes and how they start; optional heads count where its weights have a
 * part of them.
 */
export function declareParameters<D extends NetworkDefinition = RegisteredNetwork>(
  model: NetworkOf<D>,
  given?: readonly D[],
): ReadonlyMap<string, ParameterDeclaration> {
  return parametersOf(definitionOf<D>(model, given), model);
}

/**
 * Holds a network's weights to what it declares; `place` names it in messages.
 * @throws WeightsError with the number of tensors that are missing, of another shape and unexpected.
 */
export function checkPretrained<D extends NetworkDefinition = RegisteredNetwork>(
  model: NetworkOf<D>,
  place: string,
  given?: readonly D[],
): void {
  checkNetwork(definitionOf<D>(model, given), model, place);
}
