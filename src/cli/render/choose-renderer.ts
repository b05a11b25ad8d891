import type { Host } from '../host.ts';
import { jsonLinesRenderer } from './json-lines.ts';
import { plainRenderer } from './plain.ts';
import type { Renderer, RenderOptions } from './renderer.ts';
import { ttyRenderer } from './tty.ts';

/** Redrawing needs a terminal that can; NO_COLOR (https://no-color.org) and TERM=dumb ask for plain lines. */
export const canRedraw = ({ env }: Host, output: { readonly isTerminal: boolean }): boolean =>
  output.isTerminal && env.TERM !== 'dumb' && (env.NO_COLOR === undefined || env.NO_COLOR === '');

export function chooseRenderer(host: Host, options: RenderOptions & { readonly json: boolean }): Renderer {
  if (options.json) return jsonLinesRenderer(host, options);
  return canRedraw(host, host.stderr) ? ttyRenderer(host, options) : plainRenderer(host, options);
}
