/** `YYYY-MM-DD HH:MM:SS.ffffff`, UTC: how both databases keep a time. */
export function toTimeText(date: Date): string {
  return `${date.toISOString().slice(0, 23).replace('T', ' ')}000`;
}

export function fromTimeText(text: string): Date {
  return new Date(`${text.slice(0, 23).replace(' ', 'T')}Z`);
}
