import { cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { errorKinds } from '../../src/errors/codes.ts';
import { fixture } from '../lab/fixtures.ts';
import { run } from '../lab/run-command.ts';
import { layOut } from '../support/fixture-objects.ts';
import { odo, odoCli } from '../support/odo-program.ts';
import { proofTally, spread } from '../support/proof.ts';
import { refusalOf } from '../support/refusal-of.ts';
import { binDir15 } from '../support/restored-directory.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { wholeDigest } from '../support/whole-digest.ts';
import { describeWithLab } from '../support/with-lab.ts';

const proof = proofTally('safety-rails', 'safety-rails');

interface Rail {
  /** As the proof's table says it. */
  readonly rail: string;
  readonly code: keyof typeof errorKinds;
  readonly says: RegExp;
  /** Below the test's own directory, unless it is absolute. */
  readonly target: string;
  /** What must be the same afterwards; the target when it is absent. Null: too large to be read. */
  readonly same?: string | null;
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly source?: string;
}

const inUse = { code: 'TARGET_IN_USE' } as const;
const notEmpty = { code: 'TARGET_NOT_EMPTY' } as const;
const refused = { code: 'PRECONDITION_FAILED' } as const;

/** `@` is the test's own directory. `@/other` holds a data directory of another system. */
const rails: readonly Rail[] = [
  ...[
    '/',
    '/etc',
    '/usr',
    '/usr/lib',
    '/var',
    '/var/lib',
    '/boot',
    '/home',
    '/root',
    '/tmp',
    '/srv',
    '/proc',
    '/dev',
  ].map(
    (target): Rail => ({
      ...refused,
      rail: `the system directory ${target}`,
      target,
      says: /is a (?:directory of the system|home directory)|^The journal, .*, lies inside the target/,
      same: target === '/boot' || target === '/home' || target === '/srv' ? target : null,
    }),
  ),
  ...['/etc/postgresql', '/usr/lib/postgresql/15', '/var/lib/dpkg/updates', '/var/log/postgresql'].map(
    (target): Rail => ({
      ...refused,
      rail: `a directory of the packages, ${target}`,
      target,
      says: /is a directory of the system/,
    }),
  ),
  {
    ...refused,
    rail: 'a directory of the Docker engine',
    target: '/var/lib/docker/volumes/odo-rails-none',
    says: /of the Docker engine/,
    same: null,
  },
  {
    ...refused,
    rail: 'a symbolic link to a system directory',
    target: '@/links/etc',
    says: /is a symbolic link/,
    same: '@/links',
  },
  {
    ...refused,
    rail: 'a system directory by a symbolic link above it',
    target: '@/links/root/etc',
    says: /\/etc is a directory of the system/,
    same: '@/links',
  },
  {
    ...refused,
    rail: 'a symbolic link to a data directory',
    target: '@/links/other',
    says: /is a symbolic link/,
    same: '@/other',
  },
  { ...refused, rail: 'a file', target: '@/links/file', says: /is not a directory/, same: '@/links' },
  {
    ...refused,
    rail: '$HOME',
    target: '@/people/ada',
    says: /is a home directory/,
    env: { HOME: '@/people/ada' },
  },
  {
    ...refused,
    rail: 'a directory that holds $HOME',
    target: '@/people',
    says: /holds the home directory/,
    env: { HOME: '@/people/ada' },
  },
  {
    ...refused,
    rail: 'the home of another user',
    target: '/var/lib/postgresql',
    says: /is a home directory/,
  },
  {
    ...refused,
    rail: 'a directory with a mount below it',
    target: '@/mounted',
    says: /mount point/,
    same: '@/mounted/cold',
  },
  {
    ...refused,
    rail: 'a directory inside a database',
    target: '@/other/base/new',
    says: /lies inside .*, the data directory of a database/,
    same: '@/other',
  },
  {
    ...refused,
    rail: 'the installation of odo',
    target: join(odoCli, '../..'),
    says: /The installation of odo is the target/,
    same: join(odoCli, '..'),
  },
  {
    ...refused,
    rail: 'the directory in which odo runs',
    target: '@/other',
    cwd: '@/other',
    says: /in which odo runs is the target/,
  },
  {
    ...refused,
    rail: 'a directory above that in which odo runs',
    target: '@/other',
    cwd: '@/other/base',
    says: /in which odo runs, .*, lies inside/,
  },
  {
    ...refused,
    rail: 'one with the journal in it',
    target: '@/other',
    flags: ['--journal', '@/other/journal.sqlite'],
    says: /The journal, .*, lies inside/,
  },
  {
    ...refused,
    rail: 'one with the state directory in it',
    target: '@/other',
    env: { XDG_STATE_HOME: '@/other' },
    says: /The journal, .*, lies inside/,
  },
  {
    ...refused,
    rail: 'one with the journal in it by a symbolic link',
    target: '@/other',
    flags: ['--journal', '@/links/other/j/journal.sqlite'],
    says: /The journal, .*, lies inside/,
  },
  {
    ...refused,
    rail: 'one where a report is to go',
    target: '@/other',
    flags: ['--report', '@/other/report.html'],
    says: /The report, .*, lies inside/,
  },
  {
    ...refused,
    rail: 'one where the metrics are to go',
    target: '@/other',
    flags: ['--metrics-file', '@/other/odo.prom'],
    says: /The metrics file, .*, lies inside/,
  },
  {
    ...refused,
    rail: 'one with the file for postgresql.auto.conf',
    target: '@/other',
    flags: ['-c', '@/other/postgresql.auto.conf'],
    says: /The file that replaces postgresql.auto.conf, .*, lies inside/,
  },
  {
    ...refused,
    rail: 'the directory of the backups',
    target: '@/backups/pg',
    says: /The directory of the backups is the target/,
  },
  {
    ...refused,
    rail: 'a directory inside that of the backups',
    target: '@/backups/pg/new',
    says: /The directory of the backups, .*, holds the target/,
    same: '@/backups',
  },
  {
    ...refused,
    rail: 'a directory that holds the backups',
    target: '@/keeper',
    source: '@/keeper/backups',
    says: /The directory of the backups, .*, lies inside/,
  },
  {
    ...notEmpty,
    rail: 'a directory with other files',
    target: '@/thesis',
    says: /not a PostgreSQL data directory/,
  },
  {
    ...notEmpty,
    rail: 'a database of another system identifier',
    target: '@/other',
    says: /another database .* its system identifier is \d{19}, the backup’s \d{19}\.$/,
  },
  {
    ...notEmpty,
    rail: 'another than the one that --replace-system-id names',
    target: '@/other',
    flags: ['--replace-system-id', '42'],
    says: /names another still, 42/,
  },
  {
    ...inUse,
    rail: 'the unfinished restore of another run',
    target: '@/held',
    says: /unfinished restore of run 20261101-000000-aaaa/,
  },
];

/** The same for the place of a tablespace. */
const placeRails: readonly Rail[] = [
  {
    ...refused,
    rail: 'tablespace: a system directory',
    target: '/usr/share',
    says: /is a directory of the system/,
    same: null,
  },
  {
    ...refused,
    rail: 'tablespace: a symbolic link',
    target: '@/links/etc',
    says: /is a symbolic link/,
    same: '@/links',
  },
  {
    ...refused,
    rail: 'tablespace: $HOME',
    target: '@/people/ada',
    env: { HOME: '@/people/ada' },
    says: /is a home directory/,
  },
  {
    ...refused,
    rail: 'tablespace: a directory with a mount below it',
    target: '@/mounted',
    says: /mount point/,
    same: '@/mounted/cold',
  },
  {
    ...refused,
    rail: 'tablespace: one with the journal in it',
    target: '@/empty',
    flags: ['--journal', '@/empty/journal.sqlite'],
    says: /The journal, .*, lies inside/,
  },
  {
    ...refused,
    rail: 'tablespace: a directory inside that of the backups',
    target: '@/tree/pg/new',
    says: /The directory of the backups, .*, holds the target/,
  },
  {
    ...notEmpty,
    rail: 'tablespace: another database',
    target: '@/other',
    says: /a PostgreSQL data directory/,
  },
  { ...notEmpty, rail: 'tablespace: other files', target: '@/thesis', says: /files already/ },
];

const tried = [...spread(rails, 9), ...spread(placeRails, 2)];
const rows: (readonly [string, string, string])[] = [];

describeWithLab('a directory that odo refuses', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let tablespace = '';
  const at = (text: string): string => text.replaceAll('@', directory.path);

  beforeAll(async () => {
    directory = await temporaryDirectory('odo-rails-');
    await layOut(await fixture('basebackup-15'), at('@/backups'));
    await layOut(await fixture('basebackup-15'), at('@/keeper/backups'));
    const tree = await fixture('basebackup-15-tree');
    await layOut(tree, at('@/tree'));
    tablespace = String(tree.expected.tablespaces[0]?.oid);
    for (const name of [
      'people/ada',
      'other/base',
      'other/global',
      'mounted/cold',
      'thesis',
      'links',
      'held',
      'empty',
    ])
      await mkdir(at(`@/${name}`), { recursive: true });
    // Whatever a name or a mount tells, what is there looks as if it could be replaced.
    const control = join(import.meta.dirname, '../fixtures/pg-control/pg15.bin');
    await cp(control, at('@/other/global/pg_control'));
    for (const name of ['people', 'people/ada', 'other', 'mounted', 'keeper'])
      await writeFile(at(`@/${name}/PG_VERSION`), '15\n');
    await writeFile(at('@/other/postgresql.auto.conf'), '');
    await writeFile(at('@/thesis/thesis.txt'), 'the only copy');
    await writeFile(at('@/links/file'), 'a file');
    await writeFile(at('@/held/.odo-run.json'), '{"runId":"20261101-000000-aaaa"}');
    await symlink('/etc', at('@/links/etc'));
    await symlink('/', at('@/links/root'));
    await symlink('../other', at('@/links/other'));
    await run('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'odo-rails', at('@/mounted/cold')]);
    await writeFile(at('@/mounted/cold/file'), 'on another file system');
  });
  afterAll(async () => {
    await run('umount', [at('@/mounted/cold')]).catch(() => {});
    await directory[Symbol.asyncDispose]();
    proof.table({ head: ['rail', 'exit code', 'error'], rows: rows.toSorted() });
  });

  test.concurrent.for(tried)('$rail', (one) =>
    proof.case(async () => {
      const isPlace = placeRails.includes(one);
      const target = at(one.target);
      const same = one.same === null ? null : at(one.same ?? one.target);
      const digest = async () => (same === null ? null : wholeDigest(same).catch(() => 'absent'));
      const before = await digest();
      const home = await temporaryDirectory('odo-rails-home-');
      const source = at(one.source ?? (isPlace ? '@/tree' : '@/backups'));
      const result = await odo(
        [
          ...['start', '-u', `file://${join(source, 'pg')}`, '--pg-bin', binDir15, '--yes', '--json'],
          ...(isPlace
            ? ['--data-dir', join(home.path, 'data'), '--tablespace', `${tablespace}=${target}`]
            : ['--data-dir', target]),
          ...(one.flags ?? []).map(at),
        ],
        {
          cwd: at(one.cwd ?? home.path),
          env: {
            XDG_STATE_HOME: home.path,
            ...Object.fromEntries(Object.entries(one.env ?? {}).map(([name, value]) => [name, at(value)])),
          },
        },
      );
      await home[Symbol.asyncDispose]();
      const error = refusalOf(result);
      expect(error.message).toMatch(one.says);
      expect({ code: error.code, exitCode: result.exitCode }).toEqual({
        code: one.code,
        exitCode: errorKinds[one.code].exitCode,
      });
      expect(error.hint).toMatch(/\w/);
      expect(await digest()).toBe(before);
      rows.push([one.rail, String(result.exitCode), one.code]);
    }),
  );
});
