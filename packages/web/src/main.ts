// The page's beginning: it opens what computes, and mounts the page on it. `?device=wasm` or `?device=webgpu` in the address
// chooses the device of a page that computes by itself.
import { mount } from "svelte";
import App from "./App.svelte";
import "./app.css";
import type { Backend } from "./api/backend.ts";
import { Workbench } from "./state/workbench.svelte.ts";

const base = new URL(".", location.href);
const wanted = new URLSearchParams(location.search).get("device");
const device = wanted === "wasm" || wanted === "webgpu" ? wanted : "auto";

async function openBackend(): Promise<Backend> {
  if (!__PROTEOSCOPE_STATIC__) return (await import("./api/http-backend.ts")).openHttpBackend();
  const { openBrowserBackend } = await import("./api/browser-backend.ts");
  return openBrowserBackend(base, device);
}

const bench = new Workbench(await openBackend());
mount(App, { target: document.querySelector("#page")!, props: { bench } });
void bench.start(location.hash);
