// What the suite works on and what it has noted of single images: the parts of the suite share these, and tables of images are
// made of them.

import type { Figure } from "./figure.ts";
import type { ImageSet } from "./image-set.ts";
import type { CompartmentJudge } from "./judges.ts";
import type { LookedSet } from "./look.ts";
import type { MeasuredPairs } from "./pair-figures.ts";

/** A set of images that is measured beside the real ones. */
export interface SuiteSubject {
  /** "generated", or a floor such as "shuffled sequence". */
  readonly subject: string;
  readonly set: Figure["set"];
  readonly images: ImageSet;
}

/** What the tables of single images are made of. */
export interface SuiteDetails {
  readonly real: LookedSet;
  readonly subjects: readonly {
    readonly subject: string;
    readonly set: Figure["set"];
    readonly looked: LookedSet;
  }[];
  readonly judges: readonly CompartmentJudge[];
  readonly pairs: MeasuredPairs | undefined;
}
