import type { Host } from '../../host.ts';
import { jsonLinesRenderer } from '../json-lines.ts';
import { plainRenderer } from '../plain.ts';
import type { Renderer } from '../renderer.ts';
import { printable, widthOf } from '../text.ts';
import { endedText } from './ended-text.ts';
import type { ManyRenderer, ManyRenderOptions } from './many-renderer.ts';

/**
 * Lines as a single run has them: JSON events with one more field, `database`; others with its name in front, so that
 * `grep '^orders '` is the log of one.
 */
export function linesRenderer(host: Host, { json, verbose, databases }: ManyRenderOptions): ManyRenderer {
  const width = Math.max(0, ...databases.map(widthOf));
  const prefixOf = (database: string): string =>
    `${database}${' '.repeat(Math.max(0, width - widthOf(database)))}  `;
  const options = { verbose, heading: null };
  const renderers = new Map<string, Renderer>(
    databases.map((database) => {
      const prefixed = withPrefix(host, prefixOf(database));
      return [database, json ? jsonLinesRenderer(prefixed, options) : plainRenderer(prefixed, options)];
    }),
  );
  const tell = (database: string, text: string): void => host.stderr.write(`${prefixOf(database)}${text}\n`);
  return {
    event(database, event) {
      const ofDatabase = { ...event, database };
      renderers.get(database)?.event(ofDatabase);
    },
    waits: (database) => tell(database, 'waits until another drill leaves room on the disk'),
    ended(entry) {
      // The outcome line says it.
      if (!json) tell(entry.database, endedText(entry));
    },
    say: (message) => host.stderr.write(`${printable(message)}\n`),
    close() {},
  };
}

/** The same host, whose lines on stderr begin with `prefix`. */
function withPrefix(host: Host, prefix: string): Host {
  const { stderr } = host;
  return {
    ...host,
    stderr: {
      isTerminal: stderr.isTerminal,
      columns: () => stderr.columns(),
      rows: () => stderr.rows(),
      write: (text) => stderr.write(text.replaceAll(/^(?=.)/gm, prefix)),
      get isClosed() {
        return stderr.isClosed;
      },
    },
  };
}
