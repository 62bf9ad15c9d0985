// `npm run pack:release [-- --output FOLDER]`: makes proteoscope-<version>.tgz, the package that users install.
// The workspaces become one bundle (esbuild keeps npm packages outside) and one tree of declarations; beside them lies
// whatever ships: model, page, examples, presets, README, licences. It is a script of its own because `.npmrc` switches
// npm's life-cycle scripts off.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { checksumFileName, verifyChecksums } from "../packages/proteoscope/src/checksums.ts";
import { bundle } from "./release/bundle.ts";
import { writeDeclarations } from "./release/declarations.ts";
import { type Manifest, readWorkspaceDependencies, releaseManifest } from "./release/manifest.ts";
import { entryName, subpaths } from "./release/subpaths.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const shipped = [
  ...["checkpoints/proteoscope-mini", "examples", "configs", "docs"],
  ...["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CITATION.cff", "LICENSE", "NOTICE"],
];

/** Builds the release into `outputFolder` and returns the path of the tarball. */
export async function packRelease(outputFolder: string): Promise<string> {
  await checkModel(join(root, "checkpoints/proteoscope-mini"));
  const cli = join(root, "packages/proteoscope");
  const own: Manifest = JSON.parse(readFileSync(join(cli, "package.json"), "utf8"));
  const ranges = readWorkspaceDependencies(root);
  const entries = { cli: join(cli, "src/cli.ts") };
  for (const [subpath, module] of Object.entries(subpaths))
    Object.assign(entries, { [entryName(subpath)]: join(root, module) });
  const stage = mkdtempSync(join(tmpdir(), "proteoscope-pack-"));
  try {
    const imported = await bundle(root, join(stage, "dist"), entries, Object.keys(ranges));
    const named = writeDeclarations(root, Object.values(subpaths), stage);
    const used = [...new Set([...imported, ...named])].sort();
    const manifest = releaseManifest(own, ranges, used, subpaths);
    cpSync(join(cli, "bin"), join(stage, "bin"), { recursive: true });
    for (const path of shipped) {
      if (existsSync(join(root, path))) cpSync(join(root, path), join(stage, path), { recursive: true });
    }
    copyPage(join(stage, "web"));
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
  return join(outputFolder, `${own.name}-${own.version}.tgz`);
}

/** Builds the page that `serve` shows. */
function copyPage(target: string): void {
  const source = join(root, "packages/web");
  const vite = dirname(createRequire(join(source, "package.json")).resolve("vite/package.json"));
  execFileSync(process.execPath, [join(vite, "bin/vite.js"), "build", "--logLevel", "warn"], {
    cwd: source,
    stdio: ["ignore", "ignore", "inherit"],
  });
  cpSync(join(source, "dist"), target, { recursive: true });
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
