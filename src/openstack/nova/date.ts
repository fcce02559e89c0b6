/** Nova's times are UTC, mostly without saying so: `2026-11-22T08:31:00.000000`. */
export function novaDate(text: string): Date {
  return new Date(/(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`);
}
