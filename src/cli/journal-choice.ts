import type { LoadedSettings } from '../config/load.ts';
import { defaultJournalFile } from '../config/state-dir.ts';
import type { Host } from './host.ts';

export interface JournalChoice {
  readonly file: string;
  /** What a command needs to find the same journal: ` --journal FILE`, or nothing for the default one. */
  readonly flag: string;
}

export function chooseJournal({ settings }: LoadedSettings, host: Host): JournalChoice {
  const { journal } = settings;
  if (journal === null) return { file: defaultJournalFile(host.env, host.homeDirectory), flag: '' };
  return { file: journal, flag: ` --journal ${quoted(journal)}` };
}

/** As a shell takes it. */
const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
