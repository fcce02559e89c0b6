/** So many names are told in full. */
const FEW = 8;
const NEAREST = 3;

/**
 * The end of a sentence about a name that is none of `known`, for whoever mistyped it: as `there are a, b, c`, or of many
 * `the nearest are …`.
 */
export function thereAre(name: string, known: readonly string[]): string {
  if (known.length === 0) return 'there are none';
  if (known.length <= FEW) return `there ${known.length === 1 ? 'is' : 'are'} ${known.join(', ')}`;
  const near = known.map((one) => ({ one, edits: editsBetween(name, one) })).sort((a, b) => a.edits - b.edits);
  return `the nearest are ${near
    .slice(0, NEAREST)
    .map(({ one }) => one)
    .join(', ')}`;
}

/** Letters that were added, left out or replaced between the two (Levenshtein). */
function editsBetween(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  [...from].forEach((letter, line) => {
    const next = [line + 1];
    for (let column = 1; column <= to.length; column += 1) {
      const replaced = (row[column - 1] ?? 0) + (letter === to[column - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  });
  return row.at(-1) ?? 0;
}
