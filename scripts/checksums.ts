// `npm run checksums`: writes SHA256SUMS into the folder of the shipped model after its weights have changed.
// `proteoscope doctor` and the packing of a release check the folder against it; so does `sha256sum --check`.
import { join } from "node:path";
import { checksumFileName, listChecksums } from "../packages/proteoscope/src/checksums.ts";
import { writeFileAtomic } from "../packages/proteoscope/src/cli/output.ts";

const folder = process.argv[2];
if (folder === undefined) throw new Error("usage: tsx scripts/checksums.ts FOLDER");
const list = await listChecksums(folder);
await writeFileAtomic(join(folder, checksumFileName), list);
process.stdout.write(list);
