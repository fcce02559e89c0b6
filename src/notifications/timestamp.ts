/** `YYYY-MM-DDTHH:MM:SS`, UTC, as project managers read it. */
export function payloadTimestamp(date: Date): string {
  return date.toISOString().slice(0, 19);
}
