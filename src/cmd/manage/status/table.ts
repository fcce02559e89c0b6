import type { Checked } from './check.js';

const WIDTH = 76;

/** A frame of boxes, one per check, as oslo.upgradecheck draws it. */
export function statusTable(checked: readonly Checked[]): string[] {
  const rule = `+${'-'.repeat(WIDTH + 2)}+`;
  const boxes = checked.map(({ name, result, details, remedy }) => [
    `Check: ${name}`,
    `Result: ${result}`,
    ...wrap(`Details: ${details}`),
    ...(remedy === undefined ? [] : wrap(`To mend it: ${remedy}`)),
  ]);
  return [rule, ...[['Status Check Results'], ...boxes].flatMap((lines) => [...lines.map(boxed), rule])];
}

function boxed(line: string): string {
  return `| ${line.padEnd(WIDTH)} |`;
}

/** Words that are longer than a line are cut. */
function wrap(text: string): string[] {
  const lines: string[] = [];
  const words = text.split(/\s+/).flatMap((word) => word.match(new RegExp(`.{1,${WIDTH - 2}}`, 'gu')) ?? []);
  for (const word of words) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= WIDTH) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(lines.length === 0 ? word : `  ${word}`);
  }
  return lines;
}
