import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import type { FixtureName } from '../lab/fixture-list.ts';
import { copyFixture, type Fixture, fixture } from '../lab/fixtures.ts';
import { imageName } from '../lab/images.ts';
import { run } from '../lab/run-command.ts';
import { type S3Server, startS3 } from '../lab/s3-server.ts';
import { odo, spawnOdo } from '../support/odo-program.ts';
import { binDir15 } from '../support/restored-directory.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

async function keysOf(s3: S3Server, backup: Fixture): Promise<string[]> {
  const page = await s3.client.send(new ListObjectsV2Command({ Bucket: backup.bucket }));
  return (page.Contents ?? []).map((object) => object.Key ?? '');
}

/** Keys of the archived segments in order. */
const segmentsOf = async (s3: S3Server, backup: Fixture): Promise<string[]> =>
  (await keysOf(s3, backup)).filter((key) => /\/[0-9A-F]{24}(\.gz)?$/.test(key)).sort();

async function removeObject(s3: S3Server, backup: Fixture, pattern: RegExp): Promise<string> {
  const key = (await keysOf(s3, backup)).find((one) => pattern.test(one));
  if (key === undefined) throw new Error(`${backup.name} has no object like ${pattern}`);
  await s3.client.send(new DeleteObjectCommand({ Bucket: backup.bucket, Key: key }));
  return key;
}

async function editBackupInfo(s3: S3Server, backup: Fixture, edit: (text: string) => string): Promise<void> {
  for (const Key of (await keysOf(s3, backup)).filter((key) => key.endsWith('/backup.info'))) {
    const found = await s3.client.send(new GetObjectCommand({ Bucket: backup.bucket, Key }));
    const text = (await found.Body?.transformToString()) ?? '';
    await s3.client.send(new PutObjectCommand({ Bucket: backup.bucket, Key, Body: edit(text) }));
  }
}

interface Refusal {
  readonly what: string;
  readonly backup: FixtureName;
  readonly exitCode: number;
  readonly says: readonly RegExp[];
  /** Damages the bucket, or returns other arguments. */
  readonly arrange?: (place: {
    s3: S3Server;
    backup: Fixture;
    data: string;
    directory: string;
  }) => Promise<string[] | void>;
  readonly env?: Record<string, string>;
}

const refusals: readonly Refusal[] = [
  {
    what: 'a bucket that does not exist',
    backup: 'barman-15',
    exitCode: 13,
    says: [/no-such-bucket/, /hint:/i],
    arrange: async () => ['-u', 's3://no-such-bucket/pg'],
  },
  {
    what: 'wrong keys',
    backup: 'barman-15',
    exitCode: 12,
    says: [/key|signature|denies/i],
    env: { AWS_ACCESS_KEY_ID: 'S3RVER', AWS_SECRET_ACCESS_KEY: 'wrong-secret-key' },
  },
  {
    what: 'an empty prefix',
    backup: 'barman-15',
    exitCode: 13,
    says: [/nothing-here/],
    arrange: async ({ backup }) => ['-u', `s3://${backup.bucket}/nothing-here`],
  },
  {
    what: 'a FAILED backup',
    backup: 'barman-15',
    exitCode: 13,
    says: [/FAILED/],
    arrange: async ({ s3, backup }) =>
      editBackupInfo(s3, backup, (text) => text.replace('status=DONE', 'status=FAILED')),
  },
  {
    what: 'a missing part',
    backup: 'barman-17',
    exitCode: 13,
    says: [/data_0001/],
    arrange: async ({ s3, backup }) => void (await removeObject(s3, backup, /data_0001\.tar/)),
  },
  {
    what: 'a missing WAL segment at the beginning',
    backup: 'barman-15',
    exitCode: 4,
    says: [/[0-9A-F]{24}/],
    arrange: async ({ s3, backup }) => {
      const info = (await keysOf(s3, backup)).find((key) => key.endsWith('/backup.info'));
      const found = await s3.client.send(new GetObjectCommand({ Bucket: backup.bucket, Key: info }));
      const begin = /begin_wal=([0-9A-F]{24})/.exec((await found.Body?.transformToString()) ?? '')?.[1];
      await removeObject(s3, backup, new RegExp(`${begin}(\\.gz)?$`));
    },
  },
  {
    what: 'a gap in the WAL behind the consistency point',
    backup: 'barman-17',
    exitCode: 4,
    says: [/is missing/, /newer ones up to/, /can be recovered up to/],
    arrange: async ({ s3, backup }) => {
      const key = (await segmentsOf(s3, backup)).at(-2) ?? '';
      await s3.client.send(new DeleteObjectCommand({ Bucket: backup.bucket, Key: key }));
    },
  },
  {
    what: 'too little disk',
    backup: 'barman-15',
    exitCode: 14,
    says: [/needs/, /kept free/],
    arrange: async () => ['--reserve', '900TiB'],
  },
  {
    what: 'a server of another major',
    backup: 'barman-17',
    exitCode: 4,
    says: [/PostgreSQL 17/, /PostgreSQL 15/],
    arrange: async () => ['--pg-bin', binDir15],
  },
  {
    what: 'a directory with files that are no database',
    backup: 'barman-15',
    exitCode: 15,
    says: [/not a PostgreSQL data directory/],
    arrange: async ({ data }) => {
      await mkdir(data);
      await writeFile(join(data, 'thesis.txt'), 'the only copy');
    },
  },
  {
    what: 'a missing override file',
    backup: 'barman-15',
    exitCode: 3,
    says: [/confs\/postgresql\.auto\.conf/],
    arrange: async () => ['-c'],
  },
];

describeWithLab('a restore that cannot be', () => {
  test.for(refusals)('because of $what ends with exit $exitCode and touches nothing', async (refusal) => {
    await using directory = await temporaryDirectory();
    const backup = await copyFixture(await fixture(refusal.backup), join(directory.path, 's3'));
    await using s3 = await startS3({ storageDir: backup.storageDir });
    const data = join(directory.path, 'data');
    const more = (await refusal.arrange?.({ s3, backup, data, directory: directory.path })) ?? [];
    const before = await readdir(data).catch(() => null);
    const args = ['start', '-u', backup.url, '-e', s3.endpoint, '--data-dir', data, '--yes', ...more];
    const result = await odo(args, {
      cwd: directory.path,
      env: { ...s3.env, XDG_STATE_HOME: join(directory.path, 'state'), ...refusal.env },
    });
    expect(result.exitCode, result.stderr).toBe(refusal.exitCode);
    for (const pattern of refusal.says) expect(result.stderr).toMatch(pattern);
    expect(result.stderr).not.toMatch(/\n\s+at /);
    expect(await readdir(data).catch(() => null)).toEqual(before);
  });

  test('because a server runs on the directory ends with exit 15, and the server runs on', async () => {
    await using directory = await temporaryDirectory();
    const backup = await fixture('barman-15');
    await using s3 = await startS3({ storageDir: backup.storageDir });
    const data = join(directory.path, 'data');
    const as = {
      uid: Number(await run('id', ['-u', 'postgres'])),
      gid: Number(await run('id', ['-g', 'postgres'])),
      cwd: '/',
    };
    await run('chown', ['postgres', directory.path]);
    await run(join(binDir15, 'initdb'), ['-D', data, '-A', 'trust', '-N'], as);
    const settings = `-c listen_addresses='' -c unix_socket_directories=${directory.path}`;
    await run(
      join(binDir15, 'pg_ctl'),
      ['-D', data, '-w', '-l', join(data, 'log'), '-o', settings, 'start'],
      as,
    );
    try {
      const args = ['start', '-u', backup.url, '-e', s3.endpoint, '--data-dir', data, '--yes'];
      const result = await odo(args, { env: { ...s3.env, XDG_STATE_HOME: join(directory.path, 'state') } });
      expect(result.exitCode, result.stderr).toBe(15);
      expect(result.stderr).toMatch(/in use by PostgreSQL, pid \d+/);
      await run(join(binDir15, 'psql'), ['-h', directory.path, '-c', 'select 1', 'postgres'], as);
    } finally {
      await run(join(binDir15, 'pg_ctl'), ['-D', data, '-w', '-m', 'immediate', 'stop'], as);
    }
  });
});

describeWithLab('a WAL segment that is broken in the middle', () => {
  test('is refused with exit 13 by the records that cannot be read, and nothing is touched', async () => {
    await using directory = await temporaryDirectory();
    const backup = await copyFixture(await fixture('barman-17'), join(directory.path, 's3'));
    await using s3 = await startS3({ storageDir: backup.storageDir });
    // Its first page is good and behind it are zeros.
    const Key = (await segmentsOf(s3, backup)).at(-2) ?? '';
    const found = await s3.client.send(new GetObjectCommand({ Bucket: backup.bucket, Key }));
    const segment = (await found.Body?.transformToByteArray()) ?? new Uint8Array();
    expect(segment.length).toBe(16 * 1024 * 1024);
    segment.fill(0, 8192);
    await s3.client.send(new PutObjectCommand({ Bucket: backup.bucket, Key, Body: segment }));
    const volume = 'odo-test-broken-wal';
    const args = [
      'start',
      '-u',
      backup.url,
      '-e',
      s3.endpoint,
      '-V',
      volume,
      '--image',
      imageName(17),
      '--json',
    ];
    const result = await odo(args, { env: { ...s3.env, XDG_STATE_HOME: directory.path } });
    expect(result.exitCode, result.stderr).toBe(13);
    expect(result.stderr).toContain(Key);
    expect(result.stderr).toMatch(/zeros/);
    expect(result.stderr).toMatch(/--target-lsn [0-9A-F]+\/[0-9A-F]+/);
    await expect(run('docker', ['volume', 'inspect', volume])).rejects.toThrow(/no such volume/i);
  });
});

describeWithLab('secrets', () => {
  test('appear neither in the journal, nor in events, nor on the screen, nor in ps', async () => {
    await using directory = await temporaryDirectory();
    const backup = await fixture('barman-15');
    await using s3 = await startS3({ storageDir: backup.storageDir });
    const secret = s3.env.AWS_SECRET_ACCESS_KEY ?? '';
    const token = 'session-token-that-must-not-be-seen';
    const data = join(directory.path, 'data');
    const flags = ['-a', s3.env.AWS_ACCESS_KEY_ID ?? '', '-s', secret, '--session-token', token];
    const args = [
      'start',
      '-u',
      backup.url,
      '-e',
      s3.endpoint,
      ...flags,
      '--data-dir',
      data,
      '--json',
      '--verbose',
    ];
    const running = spawnOdo(args, { env: { XDG_STATE_HOME: directory.path, AWS_REGION: 'us-east-1' } });
    // While the recovery server runs, the list has odo and everything it started.
    await running.until('recovery runs', ({ stdout }) => /"phase":"recover","state":"started"/.test(stdout));
    const processes = await run('ps', ['-eo', 'args']);
    const result = await running.ended;
    expect(result.exitCode, result.stderr).toBe(0);
    expect(processes).toContain('odo start');
    const kept = await run('sh', ['-c', 'cat "$1"/odo/*', 'sh', directory.path]);
    for (const place of [kept, result.stdout, result.stderr, processes]) {
      expect(place).not.toContain(token);
      expect(place).not.toContain(secret);
    }
  });
});

describeWithLab('two odos', () => {
  test('never work on one run: the second gets exit 11', async () => {
    await using directory = await temporaryDirectory();
    const backup = await fixture('barman-15');
    await using s3 = await startS3({ storageDir: backup.storageDir });
    const env = { ...s3.env, XDG_STATE_HOME: directory.path };
    const data = join(directory.path, 'data');
    const first = spawnOdo(['start', '-u', backup.url, '-e', s3.endpoint, '--data-dir', data, '--json'], {
      env,
    });
    await first.until('the base backup is being restored', ({ stdout }) =>
      /"phase":"restoreBase","state":"started"/.test(stdout),
    );
    const runId = String(JSON.parse(first.output().stdout.split('\n')[0] ?? '').runId);
    const second = await odo(['resume', runId], { env });
    expect(second.exitCode, second.stderr).toBe(11);
    expect(second.stderr).toMatch(/process \d+ on/);
    expect((await first.ended).exitCode).toBe(0);
    expect(JSON.parse(await readFile(join(data, 'PG_VERSION'), 'utf8'))).toBe(15);
  });

  test('an unknown run is exit 10', async () => {
    await using directory = await temporaryDirectory();
    const result = await odo(['resume', '20260101-000000-nope'], { env: { XDG_STATE_HOME: directory.path } });
    expect(result.exitCode).toBe(10);
  });
});
