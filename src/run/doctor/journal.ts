import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { ok, problem, warning } from './finding.ts';
import type { Surroundings } from './surroundings.ts';

export async function examineJournalFile({ journal, journalFile }: Surroundings) {
  const found = await journal();
  if (found === null) return [ok(`none yet; the first run makes ${journalFile}`)];
  const { damage, migrationsToCome, runs } = found;
  if (damage.length > 0) {
    const [first = ''] = damage;
    return [
      problem(
        `${journalFile} is damaged: ${first.replaceAll('\n', ' ')}`,
        'Check the disk. Copy the file away, and start new runs with another one: --journal FILE',
      ),
    ];
  }
  const schema = migrationsToCome === 0 ? '' : '; the next run brings it up to date with this odo';
  return [
    ok(`${journalFile} is whole, with ${runs} ${runs === 1 ? 'run' : 'runs'}${schema}`),
    ...openTo(dirname(journalFile), 0o700),
    ...openTo(journalFile, 0o600),
  ];
}

/** Requests, paths and names of servers are nobody else's business. */
function openTo(path: string, wanted: number) {
  const mode = statSync(path).mode & 0o777;
  return (mode & ~wanted) === 0
    ? []
    : [
        warning(
          `${path} is open to others (mode ${mode.toString(8).padStart(4, '0')})`,
          `chmod ${wanted.toString(8)} ${path}`,
        ),
      ];
}
