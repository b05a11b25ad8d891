import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** Colour for a terminal that has it: whether it has is decided once, by the choice of the renderer. */
export const paint = (style: Style, text: string): string =>
  styleText(style, text, { validateStream: false });
