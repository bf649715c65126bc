/** How a name fits what was typed; null where it does not. */
export interface Fit {
  /** The larger, the better. */
  score: number;
  /** Places in the name of the letters that were typed. */
  at: readonly number[];
}

const NEXT = 6;
const WORD = 8;
const FIRST = 4;

/**
 * Fits a text to a name whose letters hold the text's in order, whatever stands between. Letters
 * side by side and at beginnings of words count more, so that "cp" finds "Copy link" before
 * "Compare".
 */
export function fitOf(typed: string, name: string): Fit | null {
  const wanted = [...plain(typed)].filter((letter) => letter !== " ");
  const letters = [...plain(name)];
  if (wanted.length === 0) return { score: 0, at: [] };
  if (wanted.length > letters.length) return null;
  // best[j]: the best way to place the letters so far with the last of them at j.
  let best: (Fit | null)[] = letters.map((letter, j) =>
    letter === wanted[0] ? { score: worth(letters, j), at: [j] } : null,
  );
  for (const letter of wanted.slice(1)) {
    let before: Fit | null = null;
    const next: (Fit | null)[] = letters.map((other, j) => {
      const last = best[j - 1] ?? null;
      const older = best[j - 2] ?? null;
      if (older !== null && (before === null || older.score > before.score)) before = older;
      if (other !== letter) return null;
      const beside = last === null ? null : { ...last, score: last.score + NEXT };
      const from: Fit | null =
        beside !== null && (before === null || beside.score >= (before as Fit).score)
          ? beside
          : before;
      if (from === null) return null;
      return { score: from.score + worth(letters, j), at: [...from.at, j] };
    });
    best = next;
  }
  const found = best.reduce((a, b) => (b !== null && (a === null || b.score > a.score) ? b : a));
  // Of two names that fit alike, the shorter says less else.
  return found === null ? null : { ...found, score: found.score - letters.length / 50 };
}

function worth(letters: readonly string[], j: number): number {
  if (j === 0) return 1 + WORD + FIRST;
  return /[\p{L}\p{N}]/u.test(letters[j - 1]!) ? 1 : 1 + WORD;
}

/** Lower case, with accents left out, letter by letter. */
function plain(text: string): string {
  return [...text]
    .map((letter) => [...letter.normalize("NFD").toLowerCase()][0] ?? letter)
    .join("");
}
