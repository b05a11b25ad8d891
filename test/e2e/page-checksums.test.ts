import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ProofItem } from '../../src/report/run-report.ts';
import { postgresUser } from '../integration/archive/real-backup.ts';
import {
  blocksByServer,
  type ChecksummedBackup,
  flipByte,
  makeChecksummedBackup,
  pageBytes,
} from '../support/checksummed-backup.ts';
import { type OdoResult, odo } from '../support/odo-program.ts';
import { binDir15 } from '../support/restored-directory.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

const factsOf = (result: OdoResult, phase: string) =>
  result.events.find((event) => event.phase === phase && event.state === 'completed')?.facts;
const notices = (result: OdoResult) =>
  result.events.flatMap(({ type, message }) => (type === 'notice' ? [String(message)] : []));

describeWithLab('page checksums of an online backup', () => {
  let made: ChecksummedBackup;
  let user: { uid: number; gid: number };
  beforeAll(async () => {
    user = (await postgresUser()) ?? expect.fail('no PostgreSQL 15 of this machine');
    made = await makeChecksummedBackup(user);
  }, 120_000);
  afterAll(() => made[Symbol.asyncDispose]());

  async function start(
    backup: string,
    root: string,
    how: string,
    env: Readonly<Record<string, string>> = {},
  ) {
    const data = join(root, 'data');
    const where = ['-u', pathToFileURL(backup).href, '--wal-url', pathToFileURL(made.archive).href];
    const target = ['--data-dir', data, '--pg-bin', binDir15, '--checkpoint-size', '1MiB'];
    const args = ['start', ...where, ...target, `--page-checksums${how}`, '--json'];
    const result = await odo(args, { env: { XDG_STATE_HOME: root, ...env } });
    return { data, result };
  }

  /** What stays wrong after recovery, and is damage. */
  const damage = async (backup: string) => {
    await flipByte(join(backup, made.table), 7 * pageBytes + 4000);
    await flipByte(join(backup, made.table), 8 * pageBytes + 2);
    await flipByte(join(backup, made.index), 30 * pageBytes + 8000);
  };
  const damagedBlocks = () =>
    [
      [made.table, 7],
      [made.table, 8],
      [made.index, 30],
    ].sort();

  test('torn pages are replaced by the WAL, and what is dropped, cut off or a map is no damage', async () => {
    await using directory = await temporaryDirectory();
    const backup = await made.damaged(async (copy) => {
      await made.tear(copy, { 0: 'first', 1: 'second' });
      await flipByte(join(copy, made.dropped), 3 * pageBytes + 100);
      await flipByte(join(copy, made.shrunk), 20 * pageBytes + 100);
      await flipByte(join(copy, `${made.table}_fsm`), pageBytes + 30);
      await flipByte(join(copy, `${made.table}_vm`), 4000);
    });
    const { data, result } = await start(backup, directory.path, '');
    expect(result.exitCode, result.stderr).toBe(0);
    expect(factsOf(result, 'restoreBase')).toMatchObject({ pagesInDoubt: 6 });
    expect(factsOf(result, 'promote')).toMatchObject({ pagesMended: expect.any(Number) });
    const maps = (await blocksByServer(user, data)).map(([path]) => path).sort();
    // Whether the server read and mended them is its own affair.
    for (const path of maps) expect([`${made.table}_fsm`, `${made.table}_vm`]).toContain(path);
    expect(factsOf(result, 'promote')).toMatchObject({ pagesMended: 6 - maps.length });
    expect(notices(result).some((text) => text.includes('visibility maps'))).toBe(maps.length > 0);
  });

  test.each([
    ['by odo, also when it is killed in between', '', { ODO_FAILPOINT: 'promote:ready' }],
    ['by pg_checksums', '=server', null],
  ])('damage that remains is found %s, block by block as the server finds it', async (_, how, kill) => {
    await using directory = await temporaryDirectory();
    const backup = await made.damaged(async (copy) => {
      await made.tear(copy, { 0: 'second', 2: 'first' });
      await damage(copy);
    });
    const { data, result: started } = await start(backup, directory.path, how, kill ?? {});
    const resume = ['resume', String(started.events[0]?.runId), '--json'];
    const env = { XDG_STATE_HOME: directory.path };
    if (kill !== null) expect(started.signal).toBe('SIGKILL');
    const result = kill === null ? started : await odo(resume, { env });
    expect(result.exitCode, result.stderr).toBe(6);
    expect(result.stderr).toMatch(
      /3 of \d+ pages do not match their checksums after recovery, block \d+ of base\//,
    );
    const [failed] = result.events.filter(({ type }) => type === 'failed');
    const { details } = (failed as { error: { details: { damaged: { path: string; block: number }[] } } })
      .error;
    const ours = details.damaged.map(({ path, block }) => [path, block]).sort();
    expect(ours).toEqual(damagedBlocks());
    expect(ours).toEqual((await blocksByServer(user, data)).sort());
  });

  test('a catalog that cannot be read for damage ends the restore with the damage', async () => {
    await using directory = await temporaryDirectory();
    // pg_authid: nobody can log in.
    const backup = await made.damaged((copy) => flipByte(join(copy, 'global/1260'), 8000));
    const { result } = await start(backup, directory.path, '');
    expect(result.exitCode, result.stderr).toBe(6);
    expect(result.stderr).toMatch(/1 of \d+ pages do not match .*block 0 of global\/1260/);
  });

  test('damage is one line each of a drill, which goes on to its end', async () => {
    await using directory = await temporaryDirectory();
    const backup = await made.damaged(damage);
    const where = ['-u', pathToFileURL(backup).href, '--wal-url', pathToFileURL(made.archive).href];
    const target = ['--drill-dir', directory.path, '--pg-bin', binDir15, '--amcheck', 'off'];
    const env = { XDG_STATE_HOME: directory.path };
    const result = await odo(['drill', ...where, ...target, '--json'], { env });
    expect(result.exitCode, result.stderr).toBe(6);
    const proofs = result.events.flatMap(({ type, item }) => (type === 'proof' ? [item as ProofItem] : []));
    expect(proofs.filter(({ outcome }) => outcome === 'failed').map(({ id }) => id)).toEqual(['pages']);
    const pages = proofs.find(({ id }) => id === 'pages');
    expect(pages?.summary).toMatch(/^3 of [\d,]+ pages do not match, block \d+ of base\//);
    const lines = damagedBlocks().map(([path, block]) => `block ${block} of ${path}: its checksum is`);
    expect(pages?.details.map((line) => line.replace(/ is [^ ]+ .*/, ' is')).sort()).toEqual(lines.sort());
    expect(proofs.find(({ id }) => id === 'files')).toMatchObject({ outcome: 'skipped' });
  });
});
