// `npm run api:docs [-- --output FOLDER]`: the reference of the library as Markdown, one page per subpath, made by
// TypeDoc from the docstrings. Made on demand and not stored, since the sources say the same.
import { join, posix } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { Application, type TypeDocOptions } from "typedoc";
import type { PluginOptions } from "typedoc-plugin-markdown";
import { subpaths } from "./release/subpaths.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Writes `README.md`, and `proteoscope/engine.md` for the subpath `./engine`, to a folder, which is emptied first. */
export async function writeApiDocs(folder: string): Promise<void> {
  const options: TypeDocOptions & Partial<PluginOptions> = {
    plugin: ["typedoc-plugin-markdown"],
    name: "proteoscope",
    readme: "none",
    entryPoints: Object.values(subpaths).map((path) => join(root, path)),
    tsconfig: join(root, "tsconfig.json"),
    skipErrorChecking: true, // `npm run types` does it
    excludeExternals: true,
    disableSources: true,
    router: "module",
    entryFileName: "README",
    hidePageHeader: true,
    hideBreadcrumbs: true,
    outputs: [{ name: "markdown", path: folder }],
    logLevel: "Error",
  };
  const app = await Application.bootstrapWithPlugins(options);
  const project = await app.convert();
  if (!project) throw new Error("TypeDoc could not read the sources; its messages say why");
  for (const module of project.children ?? []) {
    const path = project.files.getReflectionPath(module);
    const [subpath] = Object.entries(subpaths).find(([, source]) => join(root, source) === path)!;
    module.name = posix.join("proteoscope", subpath);
  }
  await app.generateOutputs(project);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { values } = parseArgs({ options: { output: { type: "string", default: join(root, "out/api") } } });
  await writeApiDocs(values.output);
  console.log(values.output);
}
