/** When a backup began; null when its START TIME does not tell: it carries a zone's abbreviation, and only UTC is unambiguous. */
export function startOfLabel(text: string | null): string | null {
  const [, date, time] = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}) (?:UTC|GMT)$/.exec(text ?? '') ?? [];
  return date === undefined || time === undefined ? null : `${date}T${time}.000Z`;
}
