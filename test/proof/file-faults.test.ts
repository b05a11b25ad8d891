import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  buildFailingCalls,
  type Call,
  type CallKind,
  type FailingCalls,
  type Fault,
} from '../support/failing-calls/failing-calls.ts';
import { type LocalBackup, makeLocalBackup, rowsOf, startArgs } from '../support/local-backup.ts';
import { type OdoResult, odo } from '../support/odo-program.ts';
import { proofTally, spread } from '../support/proof.ts';
import { mountScratchDisk, type ScratchDisk } from '../support/scratch-disk.ts';
import { treeDigest } from '../support/tree-digest.ts';
import { describeWithLab } from '../support/with-lab.ts';

const proof = proofTally('file-faults', 'file-faults');

/** Everything but the recovery, which makes few calls of its own. There a run that got so far is killed. */
const beforeRecovery = { ODO_FAILPOINT: 'recover:after-intent' };

const runIds = /\d{8}-\d{6}-[a-z0-9]{4}/g;

/** A pattern for the path of a call: files of the backup are alike, the others are told apart. */
function placeOf({ path }: Call): string {
  return /^\/data\/[^.]/.test(path) ? '/data/[!.]*' : path.replaceAll(runIds, '*');
}

/** What a full disk or a used-up quota refuses. The others fail only when the disk is broken. */
const needRoom: readonly CallKind[] = [
  ...(['create', 'write', 'mkdir', 'rename', 'fsync', 'fdatasync', 'syncfs', 'truncate'] as const),
];
const errors = ['EIO', 'ENOSPC', 'EDQUOT'] as const;

interface Group {
  readonly kind: CallKind;
  readonly where: string;
  readonly count: number;
}

function groupsOf(calls: readonly Call[]): Group[] {
  const counts = new Map<string, Group>();
  for (const call of calls) {
    const group = { kind: call.kind, where: placeOf(call) };
    const key = JSON.stringify(group);
    counts.set(key, { ...group, count: (counts.get(key)?.count ?? 0) + 1 });
  }
  return [...counts.values()];
}

/** Ordinals of `wanted` calls of `count`, spread over all but the last, which not every run comes to. */
const ordinals = (count: number, wanted: number): number[] =>
  count <= wanted
    ? Array.from({ length: count }, (_, i) => i + 1)
    : Array.from({ length: wanted }, (_, i) => 1 + Math.floor(((i + 0.4) * count) / wanted));

/** How many of a group's calls are tried: of those that durability rests on several. */
function triedOf({ kind, where }: Group): number {
  if (where === '/odo/journal.sqlite-wal') return kind === 'fsync' || kind === 'write' ? 6 : 1;
  if (kind === 'syncfs') return 4;
  return needRoom.includes(kind) && /^\/data(\/\[!\.\]\*)?$/.test(where) ? 3 : 1;
}

/** Of calls that change nothing, one for each place. */
const isTried = ({ kind, where }: Group): boolean =>
  needRoom.includes(kind) ||
  kind === 'rmdir' ||
  /^\/(data|data\.odo-\*|data\/\[!\.\]\*|odo\/journal\.sqlite(-wal)?)$/.test(where);

const everyNth = <Item>(items: readonly Item[], n: number): Item[] => items.filter((_, i) => i % n === 0);

const once = (groups: readonly Group[]): Fault[] =>
  everyNth(
    groups
      .filter(isTried)
      .flatMap((group) => ordinals(group.count, triedOf(group)).map((number) => ({ ...group, number }))),
    2,
  ).map(({ kind, where, number }, i) => ({
    ...{ kind, where, number },
    error: needRoom.includes(kind) ? (errors[i % errors.length] ?? 'EIO') : 'EIO',
  }));

/** The disk of the target, that of the journal, or the one on which both are. */
const forEver = (groups: readonly Group[]): Fault[] =>
  everyNth(
    groups.filter(({ kind }) => needRoom.includes(kind)),
    3,
  ).map(({ kind, where, count }, i) => {
    const own = where.startsWith('/odo') ? '/odo*' : '/data*';
    const [number = 1] = ordinals(count, 1);
    const lasting = { kinds: needRoom, where: i % 2 === 0 ? '*' : own };
    return { kind, where, number, error: errors[i % errors.length] ?? 'EIO', lasting };
  });

let disk: ScratchDisk;
let calls: FailingCalls;
let backup: LocalBackup;
let undisturbed: { readonly groups: readonly Group[]; readonly tree: Record<string, string> };

interface Attempt {
  readonly root: string;
  readonly data: string;
  /** Runs odo in this place with the arguments, or starts the restore. */
  run(options?: {
    fault?: Fault;
    traced?: boolean;
    toTheEnd?: boolean;
    args?: readonly string[];
  }): Promise<OdoResult & { readonly failed: number; readonly calls: readonly Call[] }>;
}

/** A restore in a directory of its own, which lies on the scratch disk. */
async function attempt<Result>(work: (attempt: Attempt) => Promise<Result>): Promise<Result> {
  const root = await mkdtemp(join(disk.path, 'restore-'));
  await chmod(root, 0o711);
  const data = join(root, 'data');
  const start = startArgs(backup, data, '4MiB');
  try {
    return await work({
      root,
      data,
      run: async ({ fault, traced = false, toTheEnd = false, args = start } = {}) => {
        await using watched = await calls.watch({ root, traced, ...(fault === undefined ? {} : { fault }) });
        const result = await odo([...args, '--json'], {
          env: {
            ...watched.env,
            XDG_STATE_HOME: root,
            // Starting odo anew hundreds of times is most of the work.
            NODE_COMPILE_CACHE: join(disk.path, 'compiled'),
            ...(toTheEnd ? {} : beforeRecovery),
          },
        });
        return { ...result, failed: await watched.failed(), calls: traced ? await watched.calls() : [] };
      },
    });
  } finally {
    await rm(root, { recursive: true });
  }
}

const treeOf = (directory: string): Promise<Record<string, string>> =>
  treeDigest(directory, { normalized: (text) => text.replaceAll(runIds, 'RUN') });

/** What odo prints for people must be a sentence about the place that failed. */
function expectTruth({ stderr, stdout, exitCode }: OdoResult, fault: Fault): void {
  expect(stderr + stdout, 'no stack trace, and no bug').not.toMatch(/\n\s+at |"BUG"/);
  const isJournals = fault.where.startsWith('/odo');
  const wasAgreed = stderr.includes('odo resume ');
  if (fault.error === 'EIO') expect(wasAgreed ? [5] : [4, 5], stderr).toContain(exitCode);
  // SQLite says of some calls only that they failed, and that may have been over when odo looked for the reason.
  else expect(isJournals && fault.lasting === undefined ? [5, 14] : [14], stderr).toContain(exitCode);
  const ofTarget =
    exitCode === 14
      ? /No space is left for \S*\/data.*: (the quota is used up|[\d.]+ MiB of)/
      : /The file system failed at \S*\/data\S* \(EIO\)/;
  const isEither = fault.lasting?.where === '*';
  if (!isEither || !ofTarget.test(stderr))
    expect(stderr).toMatch(isJournals || isEither ? /\/odo\/journal\.sqlite/ : ofTarget);
}

/** Starts a restore, lets the call fail, and goes on with it. */
async function disturb(
  fault: Fault,
  { toTheEnd, mayGoOn }: { toTheEnd: boolean; mayGoOn: boolean },
): Promise<'went on' | 'stopped'> {
  return proof.case(() =>
    attempt(async ({ root, data, run }) => {
      const first = await run({ fault, toTheEnd });
      expect(first.failed, 'the call was made').toBeGreaterThan(0);
      const isThrough = (result: OdoResult): boolean =>
        toTheEnd ? result.exitCode === 0 : result.signal === 'SIGKILL';
      const wentOn = isThrough(first);
      if (wentOn) expect(mayGoOn, 'the run went on').toBe(true);
      else {
        expectTruth(first, fault);
        const [, runId] = /odo resume (\S+)/.exec(first.stderr) ?? [];
        if (runId !== undefined) {
          const status = await run({ args: ['status', runId], toTheEnd: true });
          expect(status.exitCode, status.stderr).toBe(0);
          expect(status.events[0]).toMatchObject({ status: expect.stringMatching(/^(failed|interrupted)$/) });
        } else {
          // It had not been agreed to.
          expect(await readdir(root)).not.toContain('data');
        }
        const second = await run({ toTheEnd, ...(runId === undefined ? {} : { args: ['resume', runId] }) });
        expect(isThrough(second), second.stderr).toBe(true);
      }
      if (toTheEnd) {
        expect(await rowsOf(data)).toBe(backup.rows);
        expect((await readdir(root)).sort()).toEqual(['data', 'odo']);
      } else expect(await treeOf(data)).toEqual(undisturbed.tree);
      return wentOn ? 'went on' : 'stopped';
    }),
  );
}

const nameOf = ({ kind, where, number, error, lasting }: Fault): string =>
  `${kind} ${where} #${number} ${error}${lasting === undefined ? '' : ` for ever on ${lasting.where}`}`;

const ended: { readonly kind: CallKind; readonly sweep: string; readonly how: 'went on' | 'stopped' }[] = [];

/** Two at a time. Every fault is tried, and those that did harm are told together. */
async function sweep(
  name: string,
  faults: readonly Fault[],
  { mayGoOn }: { mayGoOn: boolean },
): Promise<void> {
  const problems: string[] = [];
  // Most end before recovery: it makes calls of the server, not of odo.
  const queue = faults.map((fault, i) => ({ fault, toTheEnd: i % 10 === 3 }));
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { fault, toTheEnd } = next;
      try {
        const how = await disturb(fault, { toTheEnd, mayGoOn });
        ended.push({ kind: fault.kind, sweep: name, how });
      } catch (error) {
        problems.push(`${nameOf(fault)}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  };
  await Promise.all([work(), work()]);
  expect(problems).toEqual([]);
}

beforeAll(async () => {
  disk = await mountScratchDisk(512 * 2 ** 20);
  calls = await buildFailingCalls();
  backup = await makeLocalBackup();
  undisturbed = await attempt(async ({ data, run }) => {
    const traced = await run({ traced: true });
    expect(traced.signal, traced.stderr).toBe('SIGKILL');
    return { groups: groupsOf(traced.calls), tree: await treeOf(data) };
  });
});

afterAll(async () => {
  await backup[Symbol.asyncDispose]();
  await calls[Symbol.asyncDispose]();
  await disk[Symbol.asyncDispose]();
  const sweeps = ['once', 'for ever', 'cut short'];
  const kinds = [...new Set(ended.map(({ kind }) => kind))].sort();
  const cell = (kind: CallKind, sweep: string): string => {
    const those = ended.filter((one) => one.kind === kind && one.sweep === sweep);
    const wentOn = those.filter(({ how }) => how === 'went on').length;
    return those.length === 0 ? '' : `${those.length}${wentOn === 0 ? '' : `, ${wentOn} went on`}`;
  };
  proof.table({
    head: ['call', ...sweeps],
    rows: kinds.map((kind) => [kind, ...sweeps.map((sweep) => cell(kind, sweep))]),
  });
});

describeWithLab('a system call of a restore that fails', () => {
  test('is one of odo alone: what it starts is not under watch', async () => {
    await attempt(async ({ data, run }) => {
      const traced = await run({ traced: true, toTheEnd: true });
      expect(traced.exitCode, traced.stderr).toBe(0);
      const byPid = Map.groupBy(traced.calls, ({ pid }) => pid);
      const kindsOfOthers = [...byPid.values()]
        .slice(1)
        .flat()
        .map(({ kind }) => kind);
      expect([...new Set(kindsOfOthers)].sort()).toEqual(['close', 'open', 'syncfs']);
      expect(await rowsOf(data)).toBe(backup.rows);
      proof.figure('calls of one restore', traced.calls.length);
    });
  });

  test(
    'once, with an error of the disk, stops the run or does no harm; resumed, it ends as an undisturbed one',
    { timeout: 900_000 },
    () => sweep('once', spread(once(undisturbed.groups), 6), { mayGoOn: true }),
  );

  test(
    'from then on, stops the run with the reason; with room again it ends as an undisturbed one',
    { timeout: 900_000 },
    () => sweep('for ever', spread(forEver(undisturbed.groups), 4), { mayGoOn: false }),
  );

  test('half-way, or because of a signal, is made again', { timeout: 900_000 }, () => {
    const groups = undisturbed.groups.filter(({ kind }) => needRoom.includes(kind) && kind !== 'syncfs');
    const faults = everyNth(groups, 5).map(({ kind, where, count }): Fault => {
      const [number = 1] = ordinals(count, 1);
      return { kind, where, number, error: kind === 'write' ? 'SHORT' : 'EINTR' };
    });
    return sweep('cut short', spread(faults, 2), { mayGoOn: true });
  });
});
