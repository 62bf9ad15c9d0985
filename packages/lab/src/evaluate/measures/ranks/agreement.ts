// How far two judges give the same answers: the share of equal answers, and Cohen's kappa (1960), which takes out what they
// would share by chance, given how often each gives each answer. 0 is chance, 1 the same.

/** Share of equal answers; NaN for none. */
export function sharedAnswers(a: readonly string[], b: readonly string[]): number {
  return a.filter((answer, i) => answer === b[i]).length / a.length;
}

/** Cohen's kappa; NaN for no answers, and where both give one and the same answer always. */
export function cohensKappa(a: readonly string[], b: readonly string[]): number {
  const frequencies = (answers: readonly string[]) => {
    const counts = new Map<string, number>();
    for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1 / answers.length);
    return counts;
  };
  const ofB = frequencies(b);
  const expected = [...frequencies(a)].reduce(
    (sum, [answer, share]) => sum + share * (ofB.get(answer) ?? 0),
    0,
  );
  return (sharedAnswers(a, b) - expected) / (1 - expected);
}
