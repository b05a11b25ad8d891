import type { Host } from '../host.ts';
import { indented } from '../render/text.ts';

/** The answer that there is no such thing. */
export const none = 'none';

export interface Asker {
  /** Something that was found out. */
  say(text: string): void;
  /**
   * The answer; an empty line, or nobody to ask, is `suggested`. Asks again until `refuses` has nothing against it.
   * Null: there is neither an answer nor a suggestion.
   */
  ask(
    question: string,
    suggested: string | null,
    refuses?: (answer: string) => string | null,
  ): Promise<string | null>;
}

/** Without `isAsking` every suggestion is taken. */
export function openAsker(host: Host, isAsking: boolean, signal: AbortSignal): Asker {
  const say = (text: string): void =>
    host.stderr.write(`${indented(text, 0, host.stderr.columns() - 1).join('\n')}\n`);
  return {
    say,
    async ask(question, suggested, refuses = () => null) {
      if (!isAsking) return suggested;
      for (;;) {
        const line = await host.readLine(
          `${question}${suggested === null ? '' : ` [${suggested}]`}: `,
          signal,
        );
        // The end of the input: nobody answers any more.
        if (line === null) host.stderr.write('\n');
        const answer = line === null || line.trim() === '' ? suggested : line.trim();
        const why = answer === null ? 'An answer is needed.' : refuses(answer);
        if (why === null || line === null) return why === null ? answer : null;
        say(why);
      }
    },
  };
}
