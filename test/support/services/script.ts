/** A module of `scripts/`, which are no part of what is compiled. */
export async function script<T>(path: string): Promise<T> {
  return (await import(new URL(`../../../../scripts/${path}`, import.meta.url).href)) as T;
}
