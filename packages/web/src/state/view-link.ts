// The link that reopens a view: protein, changes, nuclei, settings and display in the fragment of the address, as JSON in
// base64url behind its version. What a link holds comes from anyone, so every field is checked and a wrong one refused.
import type { Protein, Settings } from "../api/types.ts";
import type { ChannelDisplay } from "../viewer/display.ts";
import type { Edit } from "./edits.ts";

/** What a link reopens. */
export interface LinkedView {
  readonly protein: Protein;
  readonly edits: readonly Edit[];
  readonly nuclei: readonly string[];
  readonly settings: Settings;
  readonly channels: Readonly<Record<"nucleus" | "protein", ChannelDisplay>> | null;
}

const version = "v1";

/** The fragment of a link, without the `#`. */
export function encodeLink(view: LinkedView): string {
  const bytes = new TextEncoder().encode(JSON.stringify(view));
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return `${version}.${btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")}`;
}

/** The view of a fragment; null where there is none. @throws RangeError for another version or a link that is damaged. */
export function decodeLink(fragment: string): LinkedView | null {
  const text = fragment.replace(/^#/, "");
  if (text === "") return null;
  const [found, data, ...rest] = text.split(".");
  if (found !== version || data === undefined || rest.length > 0)
    throw new RangeError(`this link is of version ${found?.slice(0, 8)}, this page reads ${version}`);
  let value: unknown;
  try {
    const bytes = Uint8Array.from(atob(data.replaceAll("-", "+").replaceAll("_", "/")), (c) =>
      c.charCodeAt(0),
    );
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new RangeError("this link is damaged: copy it whole");
  }
  return checkView(value);
}

function checkView(value: unknown): LinkedView {
  const view = objectOf(value, "link");
  const protein = objectOf(view.protein, "protein");
  const settings = objectOf(view.settings, "settings");
  const sampler = settings.sampler;
  if (sampler !== "ddim" && sampler !== "ddpm" && sampler !== "dpm++") throw wrong("sampler");
  return {
    protein: {
      id: textOf(protein.id, "id", 200),
      description: textOf(protein.description, "description", 1000),
      sequence: textOf(protein.sequence, "sequence", 40_000),
    },
    edits: listOf(view.edits, "edits", 500).map(checkEdit),
    nuclei: listOf(view.nuclei, "nuclei", 64).map((id) => textOf(id, "nuclei", 100)),
    settings: {
      samples: numberOf(settings.samples, "samples", 1, 64),
      steps: numberOf(settings.steps, "steps", 1, 1000),
      guidance: numberOf(settings.guidance, "guidance", 0, 100),
      seed: numberOf(settings.seed, "seed", 0, Number.MAX_SAFE_INTEGER),
      sampler,
    },
    channels: view.channels == null ? null : checkChannels(objectOf(view.channels, "channels")),
  };
}

function checkEdit(value: unknown): Edit {
  const edit = objectOf(value, "edits");
  const position = (field: unknown) => numberOf(field, "edits", 1, 40_000);
  switch (edit.kind) {
    case "substitute":
      return { kind: "substitute", at: position(edit.at), to: textOf(edit.to, "edits", 1) };
    case "delete":
      return { kind: "delete", first: position(edit.first), last: position(edit.last) };
    case "insert":
      return {
        kind: "insert",
        before: position(edit.before),
        residues: textOf(edit.residues, "edits", 5000),
      };
    case "signal": {
      const where = edit.where === "N" || edit.where === "C" ? edit.where : position(edit.where);
      return { kind: "signal", name: textOf(edit.name, "edits", 40), where };
    }
    default:
      throw wrong("edits");
  }
}

function checkChannels(channels: Record<string, unknown>): LinkedView["channels"] {
  const check = (name: "nucleus" | "protein"): ChannelDisplay => {
    const channel = objectOf(channels[name], name);
    const colour = textOf(channel.colour, name, 7);
    if (!/^#[0-9a-f]{6}$/.test(colour)) throw wrong(name);
    return {
      colour,
      low: numberOf(channel.low, name, -1e6, 1e6, false),
      high: numberOf(channel.high, name, -1e6, 1e6, false),
      gamma: numberOf(channel.gamma, name, 0.05, 20, false),
      visible: channel.visible === true,
    };
  };
  return { nucleus: check("nucleus"), protein: check("protein") };
}

function wrong(field: string): RangeError {
  return new RangeError(`this link is damaged (${field}): copy it whole`);
}

function objectOf(value: unknown, field: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong(field);
  return value as Record<string, unknown>;
}

function listOf(value: unknown, field: string, most: number): unknown[] {
  if (!Array.isArray(value) || value.length > most) throw wrong(field);
  return value;
}

function textOf(value: unknown, field: string, longest: number): string {
  if (typeof value !== "string" || value.length > longest) throw wrong(field);
  return value;
}

function numberOf(
  value: unknown,
  field: string,
  least: number,
  most: number,
  isWhole = field !== "guidance",
): number {
  if (typeof value !== "number" || !(value >= least && value <= most)) throw wrong(field);
  if (isWhole && !Number.isInteger(value)) throw wrong(field);
  return value;
}
