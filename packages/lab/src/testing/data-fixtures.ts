// Made-up files to import, for tests of other packages: cytoself's format, and fields of view.
// None of them is shipped.

export { writeCytoselfFiles } from "./cytoself-fixture.ts";
export { drawField, stackOf } from "./field-fixture.ts";
