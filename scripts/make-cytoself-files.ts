// Writes made-up files in cytoself's format, to measure the import at the size of the published set:
//   npx tsx scripts/make-cytoself-files.ts FOLDER --crops 125000 --files 10
import { parseArgs } from "node:util";
import { writeCytoselfFiles } from "../packages/lab/src/testing/cytoself-fixture.ts";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    crops: { type: "string", default: "1000" },
    files: { type: "string", default: "2" },
    proteins: { type: "string", default: "100" },
  },
});
const [folder] = positionals;
if (folder === undefined) throw new Error("usage: make-cytoself-files.ts FOLDER [--crops N] [--files N]");
const [crops, files, proteins] = [values.crops, values.files, values.proteins].map(Number) as [
  number,
  number,
  number,
];
await writeCytoselfFiles(folder, { crops, files, proteins, cropsPerField: 50 });
