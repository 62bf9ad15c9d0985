// The map of real and generated images: a chart whose points show their images, under the pointer or by the arrow keys, with the
// number that says what the eye sees, and the points as a table.

import type { SuiteResults } from "../suite/results.ts";
import { scatterChart } from "./charts.ts";
import { escapeHtml, percent, table } from "./html.ts";
import type { PointSheet } from "./suite-pictures.ts";

const unknown = "not known";

/** The section's content; empty where there is no map. */
export function umapSection(umap: SuiteResults["umap"], sheet: PointSheet | undefined): string {
  if (umap === null) return "";
  const { by, points, neighbours_agree, chance } = umap;
  const texts = points.map(
    ({ subject, protein, compartment }) => `${subject}: ${protein}, ${compartment ?? unknown}`,
  );
  const chart = scatterChart(
    `UMAP of real and generated images in the space of ${by}`,
    points.map(({ x, y, subject, compartment }, index) => ({
      ...{ x, y, group: compartment ?? unknown, isRing: subject === "real", text: texts[index]! },
    })),
    "umap",
  );
  const counts = new Map<string, { real: number; generated: number }>();
  for (const { subject, compartment } of points) {
    const row = counts.get(compartment ?? unknown) ?? { real: 0, generated: 0 };
    row[subject]++;
    counts.set(compartment ?? unknown, row);
  }
  const agreement =
    neighbours_agree === null
      ? ""
      : `<p>Of ${percent(neighbours_agree)} % of the images most of the 15 nearest of the other kind are of the same compartment (shuffled compartments: ${percent(chance!)} %).</p>`;
  return [
    `<p class="note">UMAP (15 neighbours, least distance 0.1) in the space of ${escapeHtml(by)}; filled points are generated, rings are real. Point at one, or step through them with the arrow keys, to see its image.</p>`,
    `<div class="map"><div tabindex="0" role="group" aria-label="Map; arrow keys step through its points" id="umap-keys">${chart}</div>`,
    sheet === undefined ? "" : pointView(sheet),
    "</div>",
    agreement,
    table(
      ["compartment", "real", "generated"],
      [...counts]
        .sort()
        .map(([name, { real, generated }]) => [escapeHtml(name), String(real), String(generated)]),
    ),
    '<p class="note">The places of all points are in tables/umap.csv.</p>',
    `<script>${script}</script>`,
  ].join("\n");
}

function pointView({ png, tileSide, columns }: PointSheet): string {
  const data = Buffer.from(png).toString("base64");
  return (
    `<div class="point"><div id="umap-image" role="img" aria-label="Image of the chosen point" data-side="${tileSide}" data-columns="${columns}" ` +
    `style="background-image:url(data:image/png;base64,${data})"></div><p id="umap-text" aria-live="polite">no point chosen</p></div>`
  );
}

/** Shows the tile of a point, twice enlarged. */
const script = `
(() => {
  const chart = document.getElementById("umap"), keys = document.getElementById("umap-keys");
  const image = document.getElementById("umap-image"), text = document.getElementById("umap-text");
  const points = [...chart.querySelectorAll("[data-point]")];
  let chosen = -1;
  const show = (index) => {
    if (chosen >= 0) points[chosen].setAttribute("r", "4");
    chosen = index;
    points[index].setAttribute("r", "8");
    if (!image) return;
    const side = 2 * image.dataset.side, columns = Number(image.dataset.columns);
    image.style.backgroundSize = columns * side + "px auto";
    image.style.backgroundPosition = -(index % columns) * side + "px " + -Math.floor(index / columns) * side + "px";
    text.textContent = points[index].querySelector("title").textContent;
  };
  chart.addEventListener("pointerover", ({ target }) => {
    const index = target.closest?.("[data-point]")?.dataset.point;
    if (index !== undefined) show(Number(index));
  });
  keys.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    show((chosen + step + points.length) % points.length);
  });
})();`;
