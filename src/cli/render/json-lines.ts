import type { Host } from '../host.ts';
import { errorsText } from './error-text.ts';
import type { Renderer, RenderOptions } from './renderer.ts';
import { printable } from './text.ts';

/** Every event as one line on stdout, as it is; warnings and errors for a person on stderr too. */
export function jsonLinesRenderer(host: Host, options: RenderOptions): Renderer {
  const errorOptions = { width: Number.MAX_SAFE_INTEGER, withStack: options.verbose };
  return {
    event(event) {
      writeJsonLine(host, event);
      if (event.type === 'failed' || event.type === 'refused') {
        const others = event.type === 'refused' ? event.others : [];
        host.stderr.write(`${errorsText(event.error, others, errorOptions).join('\n')}\n`);
      }
      if (event.type === 'notice' && event.level === 'warning') {
        host.stderr.write(`warning: ${printable(event.message)}\n`);
      }
    },
    pause() {},
    resume() {},
    close() {},
  };
}

export const writeJsonLine = (
  host: Host,
  value: Readonly<Record<string, unknown>> & { readonly type: string },
): void => host.stdout.write(`${JSON.stringify(value)}\n`);
