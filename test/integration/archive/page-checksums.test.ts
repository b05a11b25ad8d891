import { chown, open, readdir, readFile, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PageChecksums, type WrongPage } from '../../../src/archive/hash/page-checksums.ts';
import { firstBlockOf, parseRelationFile } from '../../../src/postgres/relation-file.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { postgresUser } from './real-backup.ts';

const binDir = '/usr/lib/postgresql/15/bin';
const pageBytes = 8192;
const user = await postgresUser();

const sql = [
  'create table filler as select i, md5(i::text) from generate_series(1, 30000) i',
  'create index filler_index on filler (i)',
  'create unlogged table passing as select i from generate_series(1, 1000) i',
  'vacuum filler',
  'delete from filler where i % 3 = 0',
  'vacuum filler',
  'checkpoint',
];

interface Checked {
  readonly files: number;
  readonly pages: number;
  readonly damage: Readonly<Record<string, readonly WrongPage[]>>;
}

/** Every relation file below a data directory, in pieces that are no whole pages. */
async function check(data: string): Promise<Checked> {
  let [files, pages] = [0, 0];
  const damage: Record<string, readonly WrongPage[]> = {};
  for (const entry of await readdir(data, { recursive: true, withFileTypes: true })) {
    const path = relative(data, join(entry.parentPath, entry.name));
    const file = entry.isFile() ? parseRelationFile(path) : null;
    if (file === null) continue;
    const checksums = await PageChecksums.open({ firstBlock: firstBlockOf(file, pageBytes) });
    const content = await readFile(join(data, path));
    for (let at = 0; at < content.length; at += 100_000) checksums.update(content.subarray(at, at + 100_000));
    const result = checksums.result();
    expect([path, result.tailBytes]).toEqual([path, 0]);
    files++;
    pages += result.pages;
    if (result.wrongPages > 0) damage[path] = result.wrong;
  }
  return { files, pages, damage };
}

/** What `pg_checksums --check` finds, in our words. */
async function serverCheck(run: Run, data: string): Promise<Checked> {
  const { stdout, stderr } = await run('pg_checksums', ['--check', '-D', data], false);
  const damage: Record<string, WrongPage[]> = {};
  const line =
    /failed in file "([^"]+)", block (\d+): calculated checksum ([0-9A-F]+) but block contains ([0-9A-F]+)/g;
  for (const [, path = '', block, found = '', expected = ''] of stderr.matchAll(line)) {
    const page = { block: Number(block), expected: parseInt(expected, 16), found: parseInt(found, 16) };
    const name = relative(data, path);
    damage[name] = [...(damage[name] ?? []), page];
  }
  const number = (label: string) => Number(new RegExp(`^${label}: +(\\d+)$`, 'm').exec(stdout)?.[1]);
  expect(number('Bad checksums')).toBe(Object.values(damage).flat().length);
  return { files: number('Files scanned'), pages: number('Blocks scanned'), damage };
}

type Run = (
  command: string,
  args: readonly string[],
  reject?: boolean,
) => Promise<{ stdout: string; stderr: string }>;

async function flipByte(path: string, offset: number): Promise<void> {
  await using file = await open(path, 'r+');
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, offset);
  byte[0] = ~(byte[0] ?? 0) & 0xff;
  await file.write(byte, 0, 1, offset);
}

describe.skipIf(user === null)('page checksums of a real cluster', () => {
  let scratch: Awaited<ReturnType<typeof temporaryDirectory>>;
  let data: string;
  let [table, index] = ['', ''];
  const run: Run = async (command, args, reject = true) => {
    const { stdout, stderr } = await execa(join(binDir, command), args, {
      ...user,
      env: { LC_ALL: 'C' },
      reject,
    });
    return { stdout, stderr };
  };

  beforeAll(async () => {
    scratch = await temporaryDirectory('odo-test-pages-');
    if (user !== null) await chown(scratch.path, user.uid, user.gid);
    data = join(scratch.path, 'data');
    await run('initdb', ['-k', '-D', data, '-A', 'trust', '--no-sync', '-U', 'postgres']);
    const options = `-c listen_addresses= -c unix_socket_directories=${scratch.path} -c fsync=off`;
    await run('pg_ctl', ['-D', data, '-w', '-l', join(scratch.path, 'log'), '-o', options, 'start']);
    try {
      const psql = async (statement: string) =>
        (await run('psql', ['-h', scratch.path, '-U', 'postgres', '-qAt', '-c', statement])).stdout.trim();
      for (const statement of sql) await psql(statement);
      table = await psql(`select pg_relation_filepath('filler')`);
      index = await psql(`select pg_relation_filepath('filler_index')`);
    } finally {
      await run('pg_ctl', ['-D', data, '-w', 'stop']);
    }
  }, 120_000);

  afterAll(() => rm(scratch.path, { recursive: true, force: true }));

  it('are right in the files and pages that pg_checksums reads', async () => {
    const ours = await check(data);
    expect(ours.damage).toEqual({});
    expect(ours.pages).toBeGreaterThan(2000);
    expect(ours).toEqual(await serverCheck(run, data));
  });

  it('are wrong where pg_checksums finds them wrong', async () => {
    const flips = [
      [table, 7 * pageBytes + 4000],
      [table, 8 * pageBytes],
      [index, 2 * pageBytes + 8],
      [`${table}_vm`, pageBytes - 1],
      [`${table}_fsm`, pageBytes + 30],
    ] as const;
    for (const [path, offset] of flips) await flipByte(join(data, path), offset);
    const ours = await check(data);
    expect(Object.keys(ours.damage).sort()).toEqual([table, `${table}_fsm`, `${table}_vm`, index].sort());
    expect(ours.damage[table]?.map(({ block }) => block)).toEqual([7, 8]);
    expect(ours).toEqual(await serverCheck(run, data));
  });
});
