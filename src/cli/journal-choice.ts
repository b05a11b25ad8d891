import { dirname } from 'node:path';
import type { LoadedSettings } from '../config/load.ts';
import { defaultJournalFile } from '../config/state-dir.ts';
import { isMountPoint, journalInVolume } from '../run/journal-in-volume.ts';
import type { Host } from './host.ts';

export interface JournalChoice {
  readonly file: string;
  /** What a command needs to find the same journal: ` --journal FILE`, or nothing for the default one. */
  readonly flag: string;
}

export function chooseJournal({ settings }: LoadedSettings, host: Host): JournalChoice {
  const { journal, prepareVolume } = settings;
  if (journal === null) {
    const file = defaultJournalFile(host.env, host.homeDirectory);
    // A container is gone when it has ended, and only its volumes stay.
    return prepareVolume !== null && !isMountPoint(dirname(file))
      ? withFlag(journalInVolume(prepareVolume))
      : { file, flag: '' };
  }
  return withFlag(journal);
}

const withFlag = (file: string): JournalChoice => ({ file, flag: ` --journal ${quoted(file)}` });

/** As a shell takes it. */
const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
