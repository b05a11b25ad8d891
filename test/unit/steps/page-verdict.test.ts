import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildHash } from '../../../src/archive/hash/build.ts';
import { noFindings, type PageFindings } from '../../../src/archive/page-findings.ts';
import { crc32c } from '../../../src/postgres/crc32c.ts';
import type { ServerLauncher } from '../../../src/service/server-launcher.ts';
import type { PageCheckMode } from '../../../src/steps/data-plane-options.ts';
import type { StreamedPages } from '../../../src/steps/page-check.ts';
import { judgePages, requirePages, tellPages, tellUndecided } from '../../../src/steps/page-verdict.ts';
import type { RestorePlan } from '../../../src/steps/restore-plan.ts';
import type { StepContext } from '../../../src/steps/step.ts';
import { DirectTree } from '../../../src/target/direct-tree.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { madePage } from '../archive/hash/page-samples.ts';

beforeAll(async () => {
  await buildHash();
}, 60_000);

const page = (block: number) => madePage(Buffer.alloc(8192, block + 1), block, 1n);
const wrong = Buffer.alloc(8192, 0x5a);

interface Given {
  readonly mode?: PageCheckMode;
  readonly streamed?: StreamedPages | null;
  readonly checksumVersion?: number;
  readonly answer?: { readonly exitCode: number; readonly stdout: string; readonly stderr: string };
}

/** pg_control of PostgreSQL 17 with another `data_page_checksum_version`. */
function controlFile(checksumVersion: number): Buffer {
  const bytes = readFileSync(join(import.meta.dirname, '../../fixtures/pg-control/pg17.bin'));
  bytes.writeUInt32LE(checksumVersion, 252);
  bytes.writeUInt32LE(crc32c(bytes.subarray(0, 288)), 288);
  return bytes;
}

/** A database of two tables with a wrong second page, and what was said about it. */
async function judge({ mode = 'stream', streamed = null, checksumVersion = 1, answer }: Given) {
  await using root = await temporaryDirectory();
  await mkdir(join(root.path, 'base/5'), { recursive: true });
  await mkdir(join(root.path, 'global'));
  await mkdir(join(root.path, 'spaces/7/PG_17_202406281/5'), { recursive: true });
  for (const path of ['base/5/16384', 'spaces/7/PG_17_202406281/5/16384'])
    await writeFile(join(root.path, path), Buffer.concat([page(0), wrong, page(2)]));
  await writeFile(join(root.path, 'global/pg_control'), controlFile(checksumVersion));
  const notices: string[] = [];
  const ran: string[] = [];
  const tree = new DirectTree(root.path);
  const context = {
    runId: 'run-1',
    signal: new AbortController().signal,
    plan: () =>
      ({ pageChecksums: mode, tablespaces: [{ oid: '7', path: 'spaces/7' }] }) as unknown as RestorePlan,
    ports: { now: () => new Date(0), target: async () => ({ dataTree: async () => tree }) },
    outputOfPart: () => streamed,
    part: async (_name: string, _input: unknown, run: () => Promise<unknown>) => run(),
    notice: (level: string, message: string) => void notices.push(`${level}: ${message}`),
  } as unknown as StepContext;
  const launcher = {
    paths: { dataDirectory: '/pgdata' },
    runTool: async (tool: string, args: readonly string[]) => {
      ran.push([tool, ...args].join(' '));
      return answer;
    },
  } as unknown as ServerLauncher;
  return { context, notices, ran, verdict: await judgePages(context, launcher) };
}

const found = (findings: Partial<PageFindings>): StreamedPages => ({
  findings: { ...noFindings, pages: 3, ...findings },
});
const serverSays = {
  exitCode: 1,
  stdout: 'Blocks scanned:  3\nBad checksums:  1\n',
  stderr:
    'pg_checksums: error: checksum verification failed in file "/pgdata/base/5/16384.1", block 1: calculated checksum A but block contains B\n',
};

describe('the verdict about pages', () => {
  it('is odo’s own where it knows every suspect', async () => {
    const suspects = [{ path: 'base/5/16384', blocks: [0, 1] }];
    const { context, notices, ran, verdict } = await judge({
      streamed: found({ suspectPages: 2, suspects }),
    });
    expect(verdict).toMatchObject({
      by: 'odo',
      pages: 3,
      suspectPages: 2,
      damagedPages: 1,
      damaged: [{ path: 'base/5/16384', block: 1 }],
    });
    expect(ran).toEqual([]);
    expect(() => requirePages(verdict)).toThrow(
      '1 of 3 pages do not match their checksums after recovery, block 1 of base/5/16384 among them.',
    );
    expect(tellPages(context, verdict)).toEqual({ pagesMended: 1, pagesDamaged: 1 });
    tellUndecided(context, verdict);
    expect(notices).toEqual([
      expect.stringMatching(/^info: 1 of 2 pages .* were replaced by its WAL/),
      expect.stringMatching(/^warning: 1 pages .*block 1 of base\/5\/16384.*the standby may still/),
    ]);
  });

  it('names a file of a tablespace by its link, wherever it lies', async () => {
    const suspects = [{ path: 'spaces/7/PG_17_202406281/5/16384', blocks: [1] }];
    const { verdict } = await judge({ streamed: found({ suspectPages: 1, suspects }) });
    expect(verdict).toMatchObject({ damaged: [{ path: 'pg_tblspc/7/PG_17_202406281/5/16384', block: 1 }] });
  });

  it.each([
    ['it was asked for', { mode: 'server' as const }],
    ['there were suspects in too many files', { streamed: found({ suspectPages: 9, isComplete: false }) }],
    ['an older odo kept no list', { streamed: null }],
  ])('is that of pg_checksums where %s', async (_, given) => {
    const { ran, verdict } = await judge({ ...given, answer: serverSays });
    expect(ran).toEqual(['pg_checksums --check -D /pgdata']);
    // Its block is one of the file, ours one of the relation.
    expect(verdict).toMatchObject({
      by: 'pg_checksums',
      damaged: [{ path: 'base/5/16384.1', block: 131_073, expected: 0xb, found: 0xa }],
    });
  });

  it('does not take a pg_checksums that could not look for a good word', async () => {
    const answer = { exitCode: 127, stdout: '', stderr: 'sh: pg_checksums: not found\n' };
    await expect(judge({ mode: 'server', answer })).rejects.toMatchObject({
      code: 'STEP_FAILED',
      message: expect.stringContaining('pg_checksums: not found'),
    });
    const stderr = 'pg_checksums: error: could not read block 3 in file "/pgdata/base/5/1": read 9 of 8192\n';
    const { verdict } = await judge({ mode: 'server', answer: { ...answer, exitCode: 1, stderr } });
    expect(() => requirePages(verdict)).toThrow('base/5/1 ends inside a page, also after recovery.');
  });

  it('is none where nothing could be checked, or nothing was asked for', async () => {
    const streamed: StreamedPages = { unchecked: 'its pages have 4096 bytes' };
    expect((await judge({ streamed })).verdict).toEqual({
      state: 'unchecked',
      reason: 'its pages have 4096 bytes',
    });
    for (const mode of ['server', 'auto'] as const)
      expect((await judge({ checksumVersion: 0, mode })).verdict).toEqual({
        state: 'unchecked',
        reason: 'the cluster has none',
      });
    expect((await judge({ checksumVersion: 2, streamed: found({}) })).verdict).toMatchObject({
      reason: expect.stringContaining('version 2'),
    });
    const { context, verdict } = await judge({ mode: 'off' });
    expect(verdict).toBeNull();
    requirePages(verdict);
    expect(tellPages(context, verdict)).toEqual({});
  });
});
