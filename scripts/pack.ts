// `npm run pack:release [-- --output FOLDER]`: makes proteoscope-<version>.tgz, the package that users install.
// The workspaces become one bundle (esbuild keeps npm packages outside), beside it whatever ships: model, examples,
// presets, README, licences. It is a script of its own because `.npmrc` switches npm's life-cycle scripts off.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { checksumFileName, verifyChecksums } from "../packages/proteoscope/src/checksums.ts";
import { bundle } from "./release/bundle.ts";
import { readWorkspaceDependencies, releaseManifest } from "./release/manifest.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const shipped = ["checkpoints/proteoscope-mini", "examples", "configs", "README.md", "LICENSE", "NOTICE"];

/** Builds the release into `outputFolder` and returns the path of the tarball. */
export async function packRelease(outputFolder: string): Promise<string> {
  await checkModel(join(root, "checkpoints/proteoscope-mini"));
  const cli = join(root, "packages/proteoscope");
  const dependencies = readWorkspaceDependencies(root);
  const used = await bundle(root, join(cli, "dist"), Object.keys(dependencies));
  const manifest = releaseManifest(
    JSON.parse(readFileSync(join(cli, "package.json"), "utf8")),
    dependencies,
    used,
  );

  const stage = mkdtempSync(join(tmpdir(), "proteoscope-pack-"));
  try {
    for (const folder of ["bin", "dist"]) cpSync(join(cli, folder), join(stage, folder), { recursive: true });
    for (const path of shipped) {
      if (existsSync(join(root, path))) cpSync(join(root, path), join(stage, path), { recursive: true });
    }
    writeFileSync(join(stage, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
    mkdirSync(outputFolder, { recursive: true });
    execFileSync("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", outputFolder], {
      cwd: stage,
      stdio: ["ignore", "ignore", "inherit"],
      shell: process.platform === "win32",
    });
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
  return join(outputFolder, `${manifest.name}-${manifest.version}.tgz`);
}

async function checkModel(folder: string): Promise<void> {
  if (!existsSync(folder)) {
    process.stderr.write(`pack: ${folder} is not there, the release will have no model\n`);
    return;
  }
  const listed = existsSync(join(folder, checksumFileName));
  const problems = listed
    ? (await verifyChecksums(folder)).map(({ file, problem }) => `${file} ${problem}`)
    : [`no ${checksumFileName} (make it with \`npm run checksums\`)`];
  if (problems.length > 0) throw new Error(`${folder}: ${problems.join(", ")}`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { values } = parseArgs({ options: { output: { type: "string", default: root } } });
  console.log(await packRelease(values.output));
}
