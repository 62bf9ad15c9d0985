// Keeps the answers of a costly function, so that a protein or a crop that comes again costs nothing. Memory is bounded
// by the number of answers.

/** The same function with its last `limit` answers kept; those first asked for are forgotten first. */
export function memoize<Arguments extends readonly unknown[], Answer>(
  compute: (...args: Arguments) => Promise<Answer>,
  keyOf: (...args: Arguments) => string,
  limit: number,
): (...args: Arguments) => Promise<Answer> {
  const answers = new Map<string, Promise<Answer>>();
  return (...args) => {
    const key = keyOf(...args);
    const known = answers.get(key);
    if (known !== undefined) return known;
    const answer = compute(...args);
    answers.set(key, answer);
    if (answers.size > limit) answers.delete(answers.keys().next().value!);
    return answer;
  };
}
