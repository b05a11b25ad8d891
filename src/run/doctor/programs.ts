import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { restorePrograms } from '../../steps/restore-command.ts';
import { hasSyncProgram } from '../../target/file-system-sync.ts';
import { ok, problem, type Told, warning } from './finding.ts';
import { needsBinaries, type Surroundings } from './surroundings.ts';

/** Small programs of the host that odo calls; those of PostgreSQL and Compose are looked at on their own. */
export async function examinePrograms({ request }: Surroundings): Promise<Told[]> {
  const [sh, sync, getent, ionice] = await Promise.all([
    isThere('/bin/sh'),
    hasSyncProgram(),
    inPath('getent'),
    inPath('ionice'),
  ]);
  const asked = needsBinaries(request) === false ? [] : restorePrograms;
  const found = await Promise.all(asked.map(inPath));
  const missing = asked.filter((_, index) => !found[index]);
  const tell = needsBinaries(request) === true ? problem : warning;
  const wrong = [
    ...(missing.length === 0
      ? []
      : [
          tell(
            `there is no ${missing.join(', no ')}, with which a server of this host gets its WAL`,
            'Install coreutils and grep, or mend PATH.',
          ),
        ]),
    ...(sh
      ? []
      : [problem('there is no /bin/sh, which PostgreSQL calls for its restore command', 'Install a shell.')]),
    ...(sync
      ? []
      : [
          warning(
            'there is no sync of the GNU coreutils, so each small file is synced on its own, which is slower',
            'Install coreutils.',
          ),
        ]),
    ...(getent
      ? []
      : [
          warning(
            'there is no getent, so users are looked for in /etc/passwd alone',
            'Install it (Debian: libc-bin) if users come from a directory service; otherwise nothing must be done.',
          ),
        ]),
    ...(request.background && !ionice
      ? [
          warning(
            'there is no ionice, so --background cannot leave the disk to others first',
            'Install util-linux, or leave --background out.',
          ),
        ]
      : []),
  ];
  return wrong.length === 0 ? [ok(`${['sh', ...asked, 'sync'].join(', ')} and getent are there`)] : wrong;
}

async function inPath(program: string): Promise<boolean> {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return (await Promise.all(folders.map((folder) => isThere(join(folder, program))))).includes(true);
}

export const isThere = (program: string): Promise<boolean> =>
  access(program, constants.X_OK).then(
    () => true,
    () => false,
  );
