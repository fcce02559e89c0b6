/** The body of an answer had more bytes than are taken. */
export class TooLong extends Error {
  override readonly name = 'TooLong';
  constructor(readonly mostBytes: number) {
    super(`more than ${mostBytes / 2 ** 20} MiB`);
  }
}

/**
 * The body as text, cut off where it grows too long: whoever answers must not fill this process's memory.
 * @throws TooLong; what reading throws
 */
export async function limitedText(answer: Response, mostBytes: number): Promise<string> {
  if (answer.body === null) return '';
  const reader: ReadableStreamDefaultReader<Uint8Array> = answer.body.getReader();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return new TextDecoder().decode(Buffer.concat(chunks));
    bytes += value.byteLength;
    if (bytes > mostBytes) {
      await reader.cancel().catch(() => {});
      throw new TooLong(mostBytes);
    }
    chunks.push(value);
  }
}
