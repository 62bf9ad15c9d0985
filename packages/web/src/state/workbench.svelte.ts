// The state of the page: the protein with its changes, the nuclei, the settings, the jobs, and what is looked at. Components read
// it and call its functions; what is computed comes from the backend alone.
import type { Backend, Loading } from "../api/backend.ts";
import { problemOf } from "../api/problems.ts";
import type {
  Job,
  Localized,
  Meta,
  ModelSize,
  NucleusChoice,
  ParsedText,
  Problem,
  Protein,
  ProteinName,
  Settings,
} from "../api/types.ts";
import { Atlas } from "./atlas.svelte.ts";
import { Display } from "./display.svelte.ts";
import { addEdit, type Edit, variantOf } from "./edits.ts";
import { type History, record, redo, startHistory, undo } from "./history.ts";
import { JobList, type ShownResult } from "./jobs.svelte.ts";
import type { Picture } from "./pictures.ts";
import { sameWindow, windowRequest } from "./scan-window.ts";
import { decodeLink, encodeLink } from "./view-link.ts";

/** The parts of the page's middle. */
export const tabs = ["cells", "compare", "scan", "atlas", "gallery", "similar"] as const;
/** One of `tabs`. */
export type Tab = (typeof tabs)[number];

const firstSettings: Settings = { samples: 2, steps: 12, guidance: 3, sampler: "dpm++", seed: 0 };
const mostCompared = 9;

/** The state of the page. */
export class Workbench {
  readonly display = new Display();
  readonly atlas = new Atlas();
  readonly jobs: JobList;
  meta = $state.raw<Meta | null>(null);
  size = $state.raw<ModelSize | null>(null);
  loading = $state.raw<Loading | null>(null);
  problem = $state.raw<Problem | null>(null);
  announcement = $state("");
  tab = $state<Tab>("cells");
  drawer = $state<"queue" | "doctor" | "keys" | "upload" | "paint" | null>(null);

  text = $state("");
  /** The text that `parsed` is of; what is typed is read when it rests, or when something is asked for. */
  #readText = "";
  parsed = $state.raw<ParsedText>({ proteins: [], refused: [] });
  protein = $state.raw<Protein | null>(null);
  edits = $state.raw<History<readonly Edit[]>>(startHistory<readonly Edit[]>([]));
  localized = $state.raw<Localized | null>(null);
  examples = $state.raw<readonly ProteinName[]>([]);

  nuclei = $state.raw<readonly NucleusChoice[]>([]);
  chosenNuclei = $state.raw<readonly string[]>(["library:0"]);
  settings = $state.raw<Settings>(firstSettings);

  shown = $state.raw<ShownResult | null>(null);
  pictureKey = $state<string | null>(null);
  pinned = $state.raw<readonly Picture[]>([]);
  scan = $state.raw<ShownResult | null>(null);
  /** Jobs whose pictures stand beside the scan and open no view of their own. */
  readonly #besideScan = new Set<string>();

  constructor(readonly backend: Backend) {
    this.jobs = new JobList(backend, (job) => void this.#finished(job));
    backend.watchLoading((loading) => {
      this.loading = loading;
    });
    document.documentElement.dataset.theme = this.display.theme;
  }

  /** Loads what the page shows first, and generates its first picture. */
  async start(fragment: string): Promise<void> {
    this.backend.size().then(
      (size) => {
        this.size = size;
      },
      () => undefined, // a server that measured no files
    );
    const linked = await this.attempt(async () => decodeLink(fragment));
    const loadingJobs = this.attempt(() => this.jobs.load());
    void this.attempt(async () => {
      this.nuclei = [...this.nuclei, ...(await this.backend.nuclei())];
    });
    await this.attempt(async () => {
      this.examples = await this.backend.examples();
    });
    if (linked) this.#open(linked);
    else await this.chooseProteins([this.examples[0]?.symbol ?? "FBL"]);
    await loadingJobs;
    if (linked || !((await this.#showLast()) || this.jobs.active.length > 0)) await this.generate();
    await this.attempt(async () => {
      this.meta = await this.backend.meta();
    });
    await this.#localize();
  }

  /** Runs an action and shows its failure. */
  async attempt<T>(action: () => Promise<T>): Promise<T | undefined> {
    try {
      return await action();
    } catch (error) {
      this.problem = problemOf(error);
      this.announce(this.problem.detail);
      return undefined;
    }
  }

  announce(sentence: string): void {
    this.announcement = sentence;
  }

  // The protein

  async parse(text: string): Promise<void> {
    this.text = text;
    await this.attempt(async () => {
      const parsed = await this.backend.parse(text);
      if (text !== this.text) return;
      this.#read(text, parsed);
      const [first] = parsed.proteins;
      if (first && first.sequence !== this.protein?.sequence) this.#take(first);
    });
  }

  /** Takes proteins by their names; the first is the one whose residues are changed. */
  async chooseProteins(symbols: readonly string[]): Promise<void> {
    await this.attempt(async () => {
      const proteins = await Promise.all(symbols.map((symbol) => this.backend.find(symbol)));
      this.#read(proteins.map(({ id }) => id).join(" "), { proteins, refused: [] });
      if (proteins[0]) this.#take(proteins[0]);
    });
  }

  #read(text: string, parsed: ParsedText): void {
    [this.text, this.#readText, this.parsed] = [text, text, parsed];
  }

  #take(protein: Protein): void {
    this.protein = protein;
    this.edits = startHistory<readonly Edit[]>([]);
    this.localized = null;
    if (this.meta !== null) void this.#localize();
  }

  async #localize(): Promise<void> {
    const protein = this.protein;
    if (protein === null) return;
    await this.attempt(async () => {
      const localized = await this.backend.localize(protein.sequence);
      if (this.protein === protein) this.localized = localized;
    });
  }

  get variant(): string | null {
    return this.protein && variantOf(this.edits.present, this.protein.sequence);
  }

  edit(edit: Edit): void {
    const next = addEdit(this.edits.present, edit);
    if (next === null) this.announce("These residues are changed already: undo that change first.");
    else this.edits = record(this.edits, next);
  }

  undo(): void {
    this.edits = undo(this.edits);
  }

  redo(): void {
    this.edits = redo(this.edits);
  }

  // Nuclei and settings

  chooseNucleus(id: string, isAdded = false): void {
    const isChosen = this.chosenNuclei.includes(id);
    if (!isAdded) this.chosenNuclei = [id];
    else if (!isChosen) this.chosenNuclei = [...this.chosenNuclei, id];
    else if (this.chosenNuclei.length > 1) this.chosenNuclei = this.chosenNuclei.filter((one) => one !== id);
  }

  addNuclei(nuclei: readonly NucleusChoice[]): void {
    const known = new Set(this.nuclei.map(({ id }) => id));
    this.nuclei = [...nuclei.filter(({ id }) => !known.has(id)), ...this.nuclei];
    if (nuclei[0]) this.chosenNuclei = [nuclei[0].id];
  }

  set(changes: Partial<Settings>): void {
    this.settings = { ...this.settings, ...changes };
  }

  // Jobs

  /** Reads what was typed last; false, with its reason on the page, where that is no protein. */
  async #isProteinRead(): Promise<boolean> {
    if (this.text !== this.#readText) await this.parse(this.text);
    const { proteins, refused } = this.parsed;
    const [first] = proteins.length === 0 ? refused : [];
    if (first !== undefined) this.announce(`Nothing is generated: ${first.reason}`);
    return this.text === this.#readText && first === undefined;
  }

  async generate(): Promise<void> {
    if (!(await this.#isProteinRead())) return;
    const { protein, parsed, variant, settings, chosenNuclei: nuclei } = this;
    if (protein === null) return;
    const proteins = parsed.proteins.length > 0 ? parsed.proteins : [protein];
    const job = await this.attempt(() =>
      this.jobs.submit(
        variant === null
          ? { kind: "generate", proteins, nuclei, settings }
          : { kind: "mutate", protein, variants: [variant], nuclei, settings, draws: 40 },
      ),
    );
    if (job !== undefined) this.announce("The job is in the queue.");
  }

  async runScan(options: {
    mode: string;
    window: number;
    stride: number;
    draws: number | null;
  }): Promise<void> {
    if (!(await this.#isProteinRead())) return;
    const { protein, settings } = this;
    if (protein === null) return;
    const job = await this.attempt(() =>
      this.jobs.submit({ kind: "scan", protein, ...options, seed: settings.seed }),
    );
    if (job !== undefined) this.announce("The scan is in the queue.");
  }

  /** The job that draws a protein without a stretch of it, beside the wild type; undefined where none does. */
  windowJob(protein: Protein, variant: string): Job | undefined {
    const wanted = windowRequest(protein, variant, this.chosenNuclei, this.settings);
    return this.jobs.jobs.findLast(
      ({ request, state }) => state !== "failed" && state !== "cancelled" && sameWindow(request, wanted),
    );
  }

  /** Draws a variant beside the wild type, around one nucleus and from one noise; a picture that is there stays. */
  async drawWindow(protein: Protein, variant: string): Promise<void> {
    if (this.windowJob(protein, variant) !== undefined) return;
    const request = windowRequest(protein, variant, this.chosenNuclei, this.settings);
    const job = await this.attempt(() => this.jobs.submit(request));
    if (job === undefined) return;
    this.#besideScan.add(job.id);
    this.announce(`${variant} is drawn beside the wild type.`);
  }

  async #finished(job: Job): Promise<void> {
    if (job.state === "failed") this.announce(`The job failed: ${job.error?.detail ?? ""}`);
    if (job.state === "done") {
      this.announce("The job is done.");
      if (!this.#besideScan.has(job.id)) await this.showJob(job);
    }
  }

  /** Shows the last result, and what a job that was cancelled after it had come to; false where there is neither. */
  async #showLast(): Promise<boolean> {
    const done = this.jobs.jobs.findLast(({ state }) => state === "done");
    if (done !== undefined) await this.showJob(done);
    return (await this.jobs.showLastPreview()) || done !== undefined;
  }

  /** Shows the result of a job, or what a cancelled one had come to. */
  async showJob(job: Job): Promise<void> {
    const shown = await this.attempt(() => this.jobs.show(job));
    if (shown === undefined) return;
    const { scan, preview } = shown.result;
    if (scan) this.scan = shown;
    if (preview) this.jobs.preview = preview;
    if (scan || preview) {
      this.tab = scan ? "scan" : "cells";
      return;
    }
    this.shown = shown;
    const first = shown.pictures.find(({ isMedoid }) => isMedoid) ?? shown.pictures[0];
    this.pictureKey = first?.key ?? null;
    this.jobs.dropPreview();
    if (job.request.kind === "mutate") {
      this.pinned = shown.pictures.filter(({ sample }) => sample === 0).slice(0, mostCompared);
      this.tab = "compare";
    } else if (this.tab !== "compare") this.tab = "cells";
  }

  /** Chooses a picture; a preview that a cancelled job left gives way. */
  look(key: string): void {
    this.pictureKey = key;
    this.jobs.dropPreview();
  }

  get picture(): Picture | null {
    return this.shown?.pictures.find(({ key }) => key === this.pictureKey) ?? null;
  }

  /** Chooses the picture that lies `step` places further in the strip. */
  move(step: number): void {
    const all = this.shown?.pictures ?? [];
    const index = all.findIndex(({ key }) => key === this.pictureKey);
    const next = all[(index + step + all.length) % all.length];
    if (next) this.look(next.key);
  }

  togglePin(picture: Picture): void {
    const isPinned = this.pinned.some(({ key }) => key === picture.key);
    if (isPinned) this.pinned = this.pinned.filter(({ key }) => key !== picture.key);
    else if (this.pinned.length < mostCompared) this.pinned = [...this.pinned, picture];
    else this.announce(`At most ${mostCompared} pictures are compared: unpin one first.`);
  }

  /** Takes over what a job was asked; `isSeedAlone` takes its seed and nothing else. */
  recall({ request }: Pick<Job, "request">, isSeedAlone = false): void {
    if (isSeedAlone) {
      this.set({ seed: request.kind === "scan" ? request.seed : request.settings.seed });
      return;
    }
    const proteins = request.kind === "generate" ? request.proteins : [request.protein];
    const text = proteins.map(({ id, sequence }) => `>${id}\n${sequence}`).join("\n");
    this.#read(text, { proteins, refused: [] });
    if (proteins[0]) this.#take(proteins[0]);
    if (request.kind === "scan") return;
    this.settings = request.settings;
    this.chosenNuclei = request.nuclei;
  }

  // Links

  get link(): string {
    const { protein, edits, chosenNuclei, settings, display } = this;
    const address = location.href.replace(/#.*$/, "");
    if (protein === null) return address;
    const asked = { protein, edits: edits.present, nuclei: chosenNuclei, settings };
    return `${address}#${encodeLink({ ...asked, channels: display.channels })}`;
  }

  #open({ protein, edits, nuclei, settings, channels }: NonNullable<ReturnType<typeof decodeLink>>): void {
    const text = protein.id === "sequence" ? protein.sequence : `>${protein.id}\n${protein.sequence}`;
    this.#read(text, { proteins: [protein], refused: [] });
    this.protein = protein;
    this.edits = startHistory(edits);
    this.chosenNuclei = nuclei;
    this.settings = settings;
    if (channels) this.display.channels = channels;
  }
}
