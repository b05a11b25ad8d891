import { expect, test } from 'vitest';
import type { BackupServer } from '../../../src/take/backup-server.ts';
import { chooseServer } from '../../../src/take/check-server.ts';
import { localServer } from '../../../src/take/local-server.ts';

const { signal } = new AbortController();

interface Answers {
  readonly version?: number;
  readonly walLevel?: string;
  readonly tablespaces?: string;
  /** What the server says instead of letting a walsender in. */
  readonly refusal?: string;
  /** Null: only walsenders are let in. */
  readonly bytes?: number | null;
}

/** A server that answers as psql prints it. */
const serverWith = (name: string, answers: Answers = {}): BackupServer => {
  const { version = 170006, walLevel = 'replica', tablespaces = '', refusal, bytes = 1234 } = answers;
  const said = (stdout: string) => ({ exitCode: 0, stdout, stderr: '' });
  const denied = (stderr: string) => ({ exitCode: 2, stdout: '', stderr });
  return {
    description: name,
    async ask([sql = ''], { replication }) {
      if (replication) {
        if (refusal !== undefined) return denied(refusal);
        return said(`7577000112233445566|1|0/3000110|\n${version}\n${walLevel}\n`);
      }
      if (bytes === null) return denied('FATAL: no pg_hba.conf entry');
      return said(sql.includes('pg_tablespace') ? `${tablespaces}\n` : `${bytes}\n`);
    },
    baseBackup: () => Promise.reject(new Error('not asked for')),
  };
};

test('the first user that is let in takes the backup', async () => {
  const candidates = [
    serverWith('as app', { refusal: 'FATAL: permission denied' }),
    serverWith('as postgres'),
  ];
  const { server, facts } = await chooseServer(candidates, signal);
  expect(server.description).toBe('as postgres');
  expect(facts).toEqual({ systemIdentifier: '7577000112233445566', versionNumber: 170006, dataBytes: 1234 });
});

test('a user who is let in for replication only is enough, and then the size is not known', async () => {
  const { facts } = await chooseServer([serverWith('the server', { bytes: null })], signal);
  expect(facts.dataBytes).toBeNull();
});

test.each([
  [
    { refusal: 'FATAL:  must be superuser or replication role to start walsender' },
    /ALTER ROLE name REPLICATION/,
  ],
  [
    { refusal: 'FATAL:  no pg_hba.conf entry for replication connection from host "::1"' },
    /a line in pg_hba\.conf/,
  ],
  [
    { refusal: 'FATAL:  number of requested standby connections exceeds max_wal_senders' },
    /max_wal_senders to 2/,
  ],
  [{ refusal: 'fe_sendauth: no password supplied' }, /PGPASSWORD/],
  [{ refusal: 'connection to server on socket "/x" failed: No such file or directory' }, /Is it running/],
  [{ refusal: 'sh: 1: exec: psql: not found' }, /client programs/],
  [{ walLevel: 'minimal' }, /wal_level = replica/],
  [{ tablespaces: 'cold, warm' }, /barman-cloud-backup/],
] as const)('%j is refused before anything is written, with the way out', async (answers, hint) => {
  await expect(chooseServer([serverWith('the server', answers)], signal)).rejects.toMatchObject({
    code: 'PRECONDITION_FAILED',
    hint: expect.stringMatching(hint),
  });
});

test('without client programs on this host it says so', async () => {
  const server = await localServer({ kind: 'local', binDir: '/nowhere', conninfo: 'host=db1' });
  await expect(chooseServer([server], signal)).rejects.toMatchObject({
    code: 'PRECONDITION_FAILED',
    message: 'the server of host=db1 cannot be asked: /nowhere/psql could not be run here',
    hint: expect.stringContaining('--pg-bin'),
  });
});

test('a major that odo does not restore is not backed up either', async () => {
  await expect(chooseServer([serverWith('the server', { version: 120022 })], signal)).rejects.toMatchObject({
    code: 'PRECONDITION_FAILED',
    message: 'the server is PostgreSQL 12.22; odo backs up 13 to 18.',
  });
});
