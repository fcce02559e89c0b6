/** Whether a plug-in is asked for something with that metadata: one of the keys is given, where it names any. */
export function isWanted(keys: readonly string[] | undefined, metadata: Readonly<Record<string, unknown>>): boolean {
  return keys?.some((key) => Object.hasOwn(metadata, key)) ?? true;
}
