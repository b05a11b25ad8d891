import { resolveCredentials } from '../config/credentials.ts';
import type { LoadedSettings } from '../config/load.ts';
import type { SourceCredentials } from '../storage/credentials.ts';
import type { Host } from './host.ts';
import { chooseJournal, type JournalChoice } from './journal-choice.ts';

/** What a run is worked on with: all that its journal does not keep, and where that is. */
export interface RunAccess {
  readonly journal: JournalChoice;
  readonly credentials: SourceCredentials | null;
  readonly primaryPassword: string | null;
  readonly notifySecret: string | null;
  /** They must be given again when the run goes on. */
  readonly credentialsFromFlags: boolean;
}

export const accessOf = (loaded: LoadedSettings, host: Host): RunAccess => ({
  journal: chooseJournal(loaded, host),
  credentials: resolveCredentials(loaded),
  primaryPassword: loaded.settings.primaryPassword,
  notifySecret: loaded.settings.notifySecret,
  credentialsFromFlags: (['accessKey', 'secretKey', 'sshKey', 'sshKnownHosts'] as const).some(
    (key) => loaded.layers[key] === 'flag',
  ),
});
