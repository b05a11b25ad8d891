/**
 * What no form may hold raw: XML 1.0 cannot say it even escaped (controls, halves of surrogate pairs, non-characters), a
 * terminal obeys it, and the bidirectional controls make a line read as another one.
 */
const unprintable =
  /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u061C\u200E\u200F\u2028\u2029\u202A-\u202E\u2066-\u2069\uFEFF\uFFFE\uFFFF]|\p{Surrogate}/gu;

/** The text with all of that written out, as in `\u001b`; tabs and line feeds stay. */
export function printable(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replace(unprintable, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** `2026-11-22 22:09:55 UTC`; what is no time is shown as it is. */
export function formatTime(rfc3339: string): string {
  const ms = Date.parse(rfc3339);
  return Number.isNaN(ms) ? rfc3339 : `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** `1,204` */
export const formatCount = (count: number): string => count.toLocaleString('en-US');

/** `1 failed`, `3 attempts`: with an s unless it is one. */
export const plural = (count: number, noun: string): string =>
  `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
