// What the bundler adds to TypeScript: components of Svelte as modules, and the constant that says which of the two pages
// is built.
/// <reference types="svelte" />

/** Whether the page computes by itself, on a static host. */
declare const __PROTEOSCOPE_STATIC__: boolean;

declare module "*.css";
