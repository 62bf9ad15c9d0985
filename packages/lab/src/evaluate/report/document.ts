// The frame of a report: one HTML file with its style inline, which opens anywhere, prints, and refers to nothing outside
// it.

import { escapeHtml } from "./html.ts";

const style = `
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; background: #fff }
table { border-collapse: collapse; margin: .8rem 0; font-variant-numeric: tabular-nums }
th, td { padding: .2rem .7rem; border-bottom: 1px solid #ddd; text-align: left; vertical-align: top; font-weight: normal }
thead th { border-bottom: 2px solid #888; font-weight: 600 }
svg { font: 12px system-ui, sans-serif; max-width: 100%; height: auto } svg rect { fill: #3b7ddd }
.wide, .confusion { overflow-x: auto } summary { cursor: pointer; padding: .3rem 0 } :focus-visible { outline: 2px solid #1f5fbf }
@media (max-width: 40rem) { th, td { padding: .2rem .3rem; overflow-wrap: anywhere } }
.map { display: flex; flex-wrap: wrap; gap: 1rem } .point div { width: 96px; height: 96px; background-color: #000 }
@media print { details::details-content { content-visibility: visible; block-size: auto; opacity: 1 } .wide { overflow: visible } section { break-inside: auto } figure, svg { break-inside: avoid } }
svg .whisker { stroke: #111; stroke-width: 2 } svg .grid { stroke: #ddd }
.confusion th, .confusion td { padding: .1rem .4rem; font-size: 13px }
.confusion span { display: block; padding: 0 .3rem; background: rgb(59 125 221 / calc(var(--share) * .7)) }
.examples { display: grid; grid-template-columns: repeat(var(--columns, 3), minmax(0, max-content)); gap: .5rem 1rem }
figure { margin: 0; max-width: 200px } figcaption { font-size: 12px; color: #444 } img { display: block; max-width: 100% }
pre { white-space: pre-wrap } .note { color: #444 } code { font-size: 12px; overflow-wrap: anywhere }`;

/** A whole document; `content` is HTML. */
export function htmlDocument(title: string, content: string): string {
  const name = escapeHtml(title);
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${name}</title>
<style>${style}</style></head>
<body><main><h1>${name}</h1>
${content}
</main></body></html>
`;
}

/** A section with its title; `content` is HTML. */
export function section(title: string, content: string): string {
  return `<section><h2>${escapeHtml(title)}</h2>\n${content}\n</section>`;
}

/** A paragraph that says what figures mean. */
export function note(text: string): string {
  return `<p class="note">${escapeHtml(text)}</p>`;
}
