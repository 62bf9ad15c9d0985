/**
 * The library: a virtual microscope for programs, on Node. What is listed here by hand is public; the packages below it
 * are `proteoscope/engine`, `/formats`, `/imaging`, `/models`, `/microscope` and `/lab`, and `/web` is for pages.
 *
 *     const runtime = await openRuntime();
 *     const model = await openModel();
 *     const microscope = openMicroscope(runtime, await readModel(model));
 *     const request = { proteins: await readProteins("FBL"), nuclei: await readNuclei(model) };
 *     for await (const cell of generate(microscope, request)) console.log(cell.name, cell.images.compartments);
 *     await runtime.close();
 */

export {
  type DeviceDescription,
  DeviceError,
  describeDevices,
  type OpenOptions,
  openRuntime,
} from "@proteoscope/engine/node";
export { type ErrorKind, FormatError, ProteoscopeError } from "@proteoscope/formats";
export { NucleusError } from "@proteoscope/imaging";
export {
  type ChosenNucleus,
  type CompartmentProbabilities,
  type EncodedProtein,
  encodeFiles,
  type GeneratedCell,
  type GeneratedImages,
  type GenerateOptions,
  type GenerateRequest,
  generate,
  generateDefaults,
  type ImageFormat,
  imageFormats,
  type LocalizedProtein,
  localize,
  type Microscope,
  type MicroscopeModel,
  type NamedSequence,
  type OnProgress,
  openMicroscope,
  openProteinEncoder,
  type ProteinEncoder,
  type Provenance,
  readModel,
  readSequenceModel,
  renderSheet,
  type SamplerName,
  type SequenceModel,
  samplerNames,
} from "@proteoscope/microscope";
export { CheckpointError, type FileSource, loadPretrained, SequenceError } from "@proteoscope/models";
export { openFolder } from "@proteoscope/models/node";
export { CommandError, type ExitCode, exitCodes } from "./cli/errors.ts";
export { runCommandLine } from "./cli.ts";
export { openModel } from "./model-folder.ts";
export { type ReadNucleiOptions, readNuclei } from "./nuclei.ts";
export { packageVersion } from "./package-files.ts";
export { type NamedProtein, readProteins } from "./proteins.ts";
