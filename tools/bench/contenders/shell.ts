import { bucket } from '../backups.ts';
import { type Contender, type Round, type TreeCheck, treeOf } from '../contender.ts';
import { programs } from '../programs.ts';
import { runTimed } from '../timed-command.ts';

/** `shellWord("it's")` -> `'it'\''s'` */
const shellWord = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** A restore that is a line of shell. The data directory is there; `$tree` names it, `$object` is base.tar.gz in the store. */
export function shellContender(options: {
  name: string;
  title: string;
  isDurable: boolean;
  tree?: TreeCheck;
  script: (round: Round) => string;
}): Contender {
  return {
    name: options.name,
    title: options.title,
    isDurable: options.isDurable,
    tree: options.tree ?? 'same',
    run: (round) =>
      runTimed({
        // pipefail: a download that fails must not count as a fast restore.
        argv: [
          programs.bash,
          '-c',
          `set -euo pipefail; mkdir -m 700 ${shellWord(treeOf(round))}; ${options.script(round)}`,
        ],
        env: {
          ...round.store.env,
          tree: treeOf(round),
          directory: round.directory,
          endpoint: round.store.endpoint,
          object: `${bucket}/${round.backups.baseFolder}/base.tar.gz`,
        },
      }),
  };
}
