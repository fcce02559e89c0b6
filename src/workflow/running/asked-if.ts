/** Whether metadata have what a plug-in wants for being asked: one of these keys, if it names any. */
export function hasOneOf(metadata: Readonly<Record<string, unknown>>, keys: readonly string[] | undefined): boolean {
  return keys?.some((key) => Object.hasOwn(metadata, key)) ?? true;
}
