// The page's beginning: it opens what computes, and mounts the page on it. `?device=wasm` or `?device=webgpu` in the address
// chooses the device of a page that computes by itself.
import { openBrowserBackend } from "./api/browser-backend.ts";
const backend = openBrowserBackend(new URL(".", location.href), (new URLSearchParams(location.search).get("device") ?? "auto") as "auto");
Object.assign(globalThis, { backend });
