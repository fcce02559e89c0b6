import type { CliContext } from './context.js';
import { CLI_EXIT, CliEnd, exitCodeFor } from './exit-codes.js';
import { sentenceOf } from './sentence.js';

/**
 * Deletes one after the other, also those after one that cannot be deleted; says of each of these why.
 * @param noun what they are, for sentences
 * @throws CliEnd when some were not deleted: with their own exit code where they agree on it
 */
export async function deleteAll(
  context: CliContext,
  noun: string,
  ids: readonly string[],
  remove: (id: string) => Promise<void>,
): Promise<void> {
  // Who cannot authenticate is told so once.
  await context.client();
  const codes = new Set<number>();
  for (const id of ids) {
    try {
      await remove(id);
    } catch (error) {
      if (context.io.signal.aborted) throw error;
      context.tell(`fenix: ${noun} ${id} was not deleted: ${sentenceOf(error)}`);
      codes.add(exitCodeFor(error));
    }
  }
  const [code] = codes;
  if (code !== undefined) throw new CliEnd(codes.size === 1 ? code : CLI_EXIT.refused);
}
