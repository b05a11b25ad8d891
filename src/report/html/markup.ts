import { printable } from '../text.ts';

/** Text that is HTML already; everything else is escaped on its way in. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Content = Markup | string | number | null | readonly Content[];

/** HTML from a template. What is filled in is escaped unless it is markup; null is nothing. */
export function html(parts: TemplateStringsArray, ...contents: readonly Content[]): Markup {
  return new Markup(String.raw({ raw: parts }, ...contents.map(written)));
}

function written(content: Content): string {
  if (content === null) return '';
  if (content instanceof Markup) return content.text;
  if (typeof content === 'number') return String(content);
  return typeof content === 'string' ? escapeHtml(content) : content.map(written).join('');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** For text and for quoted attributes. */
export const escapeHtml = (text: string): string =>
  printable(text).replace(/[&<>"']/g, (found) => entities[found] ?? found);

/** A number of a drawing: two decimals are a hundredth of a pixel or of a percent. */
export const drawn = (value: number): string => String(Math.round(value * 100) / 100);
