const HIDE = '\x1b[?25l';
const SHOW = '\x1b[?25h';
const DEADLY_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Hides the terminal's cursor until the returned function is called; also given back when the process exits, or is
 * killed by a signal that nobody handles. It comes back on a line of its own, below what was drawn.
 */
export function hideCursor(stream: { write(text: string): unknown }): () => void {
  const show = (): void => {
    process.off('exit', show);
    for (const signal of DEADLY_SIGNALS) process.off(signal, onSignal);
    stream.write(`\n${SHOW}`);
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    // Others listen: they decide what the signal means, and whether the process exits.
    if (process.listenerCount(signal) > 1) return;
    show();
    process.kill(process.pid, signal);
  };
  process.on('exit', show);
  // First in the line: a listener that hears a signal once is gone from the count when its turn is over.
  for (const signal of DEADLY_SIGNALS) process.prependListener(signal, onSignal);
  stream.write(HIDE);
  return show;
}
