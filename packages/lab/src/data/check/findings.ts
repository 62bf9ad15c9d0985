// What a check finds, in a list that stays readable where a whole table is wrong: of one sort of fault the first are listed,
// and the others are counted.

/** Something that is wrong, or that should be known. */
export interface Finding {
  /** A problem is to be mended before training; a warning is to be known. */
  readonly kind: "problem" | "warning";
  readonly file: string;
  readonly row?: number | undefined;
  readonly column?: string | undefined;
  readonly message: string;
}

/** Collects findings; of one sort at most some are listed, and the others counted. */
export interface Findings {
  problem(finding: Omit<Finding, "kind">): void;
  warning(finding: Omit<Finding, "kind">): void;
  list(): Finding[];
}

const mostOfSort = 20;

/** An empty list of findings. */
export function collectFindings(): Findings {
  const findings: Finding[] = [];
  const counts = new Map<string, number>();
  const add = (kind: Finding["kind"], finding: Omit<Finding, "kind">) => {
    const sort = `${kind} ${finding.file} ${finding.column ?? ""}`;
    const count = (counts.get(sort) ?? 0) + 1;
    counts.set(sort, count);
    if (count <= mostOfSort) findings.push({ kind, ...finding });
  };
  return {
    problem: (finding) => add("problem", finding),
    warning: (finding) => add("warning", finding),
    list: () => [
      ...findings,
      ...[...counts].flatMap(([sort, count]): Finding[] => {
        if (count <= mostOfSort) return [];
        const [kind, file, column] = sort.split(" ") as [Finding["kind"], string, string];
        return [{ kind, file, column, message: `${count - mostOfSort} more of this sort` }];
      }),
    ],
  };
}
