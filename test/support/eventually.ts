/** Waits until `condition` holds; rejects when it does not come true within `seconds`. Looks again after `pauseMs`. */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  what = 'the condition',
  seconds = 30,
  pauseMs = 2,
): Promise<void> {
  for (const limit = performance.now() + seconds * 1000; performance.now() < limit; ) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  throw new Error(`${what} did not come true`);
}
