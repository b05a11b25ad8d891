import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { codecFixtures } from '../lab/codec-fixtures.ts';
import { pitrFixture } from '../lab/pitr-fixtures.ts';
import { readTableFacts } from '../lab/psql.ts';
import { type S3Server, startS3 } from '../lab/s3-server.ts';
import { goesWell } from '../support/disturbed-restore.ts';
import type { Fault } from '../support/fault-proxy.ts';
import type { OdoResult } from '../support/odo-program.ts';
import { proofTally, spread, whole } from '../support/proof.ts';
import { readDirectory } from '../support/restored-directory.ts';
import {
  kindOf,
  type StoreCall,
  type StoreRestore,
  type StoreSource,
  storeRestore,
} from '../support/store-restore.ts';
import { treeDigest } from '../support/tree-digest.ts';
import { describeWithLab } from '../support/with-lab.ts';

const proof = proofTally('store-faults', 'store-faults');

/** Of calls that would go well the next time. */
const passing = {
  'connection broken before the answer': { kind: 'hang-up' },
  'connection broken in the answer': { kind: 'reset', afterBytes: 40 },
  'answer cut short': { kind: 'truncate', afterBytes: 40 },
  'answer that is too long': { kind: 'lengthen', byBytes: 10 },
  '503 SlowDown': { kind: 'status', status: 503, code: 'SlowDown' },
  '500 InternalError': { kind: 'status', status: 500, code: 'InternalError' },
  'slow drip': { kind: 'drip', pieceBytes: 16, pieces: 4, everyMs: 150 },
  'no answer': { kind: 'silence' },
  'silence in the answer': { kind: 'stall', afterBytes: 40 },
} as const satisfies Record<string, Fault>;
type Passing = keyof typeof passing;

/** Each costs the time of a watchdog, so that they are shared out among several restores. */
const shares = (fault: Passing): number => (/^(no answer|silence)/.test(fault) ? 3 : 1);

/**
 * A whole object whose answer announces no length, or a wrong one, and keeps to it is as the store says it is: a range
 * has the length that was asked for, and a listing has an end of its own.
 */
function canTell(fault: string, call: Pick<StoreCall, 'what'>): boolean {
  const kind = kindOf({ ...call, ordinal: 0 });
  if (fault === 'answer that is too long' || fault === 'another ETag') return kind.startsWith('range');
  return fault !== 'answer cut short' || kind !== 'small object';
}

interface Source extends StoreSource {
  readonly name: string;
  /** What the restored tables hold. */
  readonly read: (data: string) => Promise<unknown>;
}

/** Where nothing more is read for the base backup, and nothing was changed in it yet. */
const stopAfterBase = { ODO_FAILPOINT: 'configureRecovery:after-intent' };

const readable = (call: StoreCall): string => `${call.what} #${call.ordinal + 1}`;

/** What an error must be like, whatever it is: it names the store and the object or the bucket, and shows no stack. */
function expectTrueMessage(result: OdoResult, restore: StoreRestore, bucket: string): void {
  expect(result.stderr).not.toMatch(/^\s+at /m);
  const said = result.events.find(({ type }) => type === 'refused' || type === 'failed') as
    | { error: { message: string; hint?: string } }
    | undefined;
  expect(said?.error.message, result.stderr).toMatch(new RegExp(`${bucket}|${restore.proxy.endpoint}`));
  expect(said?.error.hint, result.stderr).toBeTruthy();
}

describeWithLab('failed calls to the object store', () => {
  const servers: S3Server[] = [];
  const sources = new Map<string, Source & { calls: StoreCall[]; rows: unknown; tree: unknown }>();
  const sourceOf = (name: string) => sources.get(name) ?? expect.fail(`no source ${name}`);

  beforeAll(async () => {
    const archive = await pitrFixture(15);
    const codecs = await codecFixtures();
    const places = [
      {
        name: 'barman',
        place: archive,
        url: archive.url,
        read: (data: string) =>
          readDirectory(data, (psql) => psql("select string_agg(id::text, ' ' order by id) from marks")),
      },
      {
        name: 'pg_basebackup',
        place: codecs,
        url: codecs.urls['zstd-frames'],
        read: (data: string) => readDirectory(data, readTableFacts),
      },
    ];
    for (const { name, place, url, read } of whole ? places : places.slice(0, 1)) {
      const s3 = await startS3({ storageDir: place.storageDir });
      servers.push(s3);
      const source = { name, bucket: place.bucket, url, endpoint: s3.endpoint, env: s3.env, read };
      await using toEnd = await storeRestore(source);
      const result = await toEnd.start();
      expect(result.exitCode, result.stderr).toBe(0);
      await using toBase = await storeRestore(source, stopAfterBase);
      expect((await toBase.start()).signal).toBe('SIGKILL');
      sources.set(name, {
        ...source,
        calls: toEnd.calls(),
        rows: await read(toEnd.data),
        tree: await treeDigest(toBase.data),
      });
      proof.figure(`calls of a restore (${name})`, toEnd.calls().length);
    }
  });
  afterAll(async () => {
    for (const s3 of servers) await s3.stop();
  });

  /** Of pg_basebackup some, since most calls of it are made as those of barman are. */
  const once = [...Object.keys(passing).entries()].flatMap(([index, fault]) =>
    Array.from({ length: shares(fault as Passing) }, (_, share) => ({
      fault: fault as Passing,
      share,
    })).flatMap((one) => [
      { ...one, name: 'barman' },
      ...(whole && index % 2 === 1 && one.share === 0 ? [{ ...one, name: 'pg_basebackup' }] : []),
    ]),
  );
  const onceTable: string[][] = [];

  test.concurrent.for(spread(once, 3))(
    'every call of a restore ($name) fails once by itself: $fault, share $share',
    async ({ name, fault, share }) => {
      const source = sourceOf(name);
      const planned = [...new Set(source.calls.map(({ what }) => what))].filter(
        (what, index) => index % shares(fault) === share && canTell(fault, { what }),
      );
      await using restore = await storeRestore(source);
      // A call that is made again after a failure goes well; the next that asks for the same fails again.
      const isFaulted = new Map<string, boolean>();
      const hit = new Map<string, number>();
      restore.breakCalls(({ what }) => {
        const was = isFaulted.get(what) ?? false;
        isFaulted.set(what, !was);
        if (was || !planned.includes(what)) return null;
        hit.set(what, (hit.get(what) ?? 0) + 1);
        return passing[fault];
      });
      await proof.case(async () => {
        await goesWell(restore.start(), { planned, hit });
        expect(await source.read(restore.data)).toEqual(source.rows);
        expect(restore.proxy.requests.every(({ method }) => method === 'GET' || method === 'HEAD')).toBe(
          true,
        );
      });
      const broken = [...hit.values()].reduce((sum, count) => sum + count, 0);
      proof.cases(broken - 1);
      onceTable.push([fault, name, String(broken)]);
    },
  );

  const alone = Array.from({ length: whole ? 12 : 1 }, (_, index) => index);
  let notReached = 0;

  test.concurrent.for(alone)('one call alone fails once, sample %i', async (index) => {
    const source = sourceOf('barman');
    const call = source.calls[Math.floor((index * source.calls.length) / alone.length)];
    if (call === undefined) throw new Error('no call');
    const possible = (Object.keys(passing) as Passing[]).filter((name) => canTell(name, call));
    const fault = passing[possible[index % possible.length] ?? '503 SlowDown'];
    await using restore = await storeRestore(source, stopAfterBase);
    let isHit = false;
    restore.breakCalls(({ what, ordinal }) => {
      if (what !== call.what || ordinal !== call.ordinal) return null;
      isHit = true;
      return fault;
    });
    const result = await restore.start();
    expect(result.signal, `${readable(call)}: ${result.stderr}`).toBe('SIGKILL');
    expect(await treeDigest(restore.data)).toEqual(source.tree);
    // WAL is fetched beside the base backup, perhaps after the end of this restore.
    if (!isHit && kindOf(call) === 'range of WAL') notReached++;
    else await proof.case(() => expect(isHit, readable(call)).toBe(true));
  });

  const lasting = {
    ...passing,
    '403 AccessDenied': { kind: 'status', status: 403, code: 'AccessDenied' },
    '404': { kind: 'status', status: 404, code: '' },
    'another ETag': { kind: 'headers', headers: { etag: '"another"' } },
  } as const satisfies Record<string, Fault>;
  const lastingFaults = [
    'connection broken in the answer',
    '403 AccessDenied',
    '503 SlowDown',
    'another ETag',
    '404',
    'answer cut short',
    'no answer',
    '500 InternalError',
  ] as const satisfies readonly (keyof typeof lasting)[];

  const exitCodeOf = (fault: (typeof lastingFaults)[number], isRefused: boolean): number =>
    fault === '403 AccessDenied' ? 12 : fault === '404' ? 13 : isRefused ? 4 : 5;

  /** Calls that a restore does without. */
  const isOptional = ({ what }: StoreCall): boolean => what.includes('/odo-index/');
  const endings: string[][] = [];

  const starts = Array.from({ length: whole ? 32 : 3 }, (_, index) => index);
  test.concurrent.for(starts)(
    'a call and all of its kind after it fail for ever, sample %i',
    async (index) => {
      const source = sourceOf('barman');
      const call = source.calls[Math.floor((index * source.calls.length) / starts.length)];
      if (call === undefined) throw new Error('no call');
      const kind = kindOf(call);
      const possible = lastingFaults.filter((name) => canTell(name, call));
      const fault = possible[index % possible.length] ?? expect.fail('no fault');
      await using restore = await storeRestore(source);
      let hits = 0;
      const breakFrom = (): void => {
        let isBroken = false;
        restore.breakCalls((made) => {
          if (made.what === call.what && made.ordinal === call.ordinal) isBroken = true;
          if (!isBroken || kindOf(made) !== kind) return null;
          hits++;
          return lasting[fault];
        });
      };
      breakFrom();
      const about = `${fault} from ${readable(call)} on`;
      await proof.case(async () => {
        const program = restore.spawn();
        // Recovery waits for its WAL: half an hour, which nobody here has.
        const waits = program
          .until('WAL is waited for', ({ stderr, stdout }) =>
            (stdout + stderr).includes('is tried again for up to 30 minutes'),
          )
          .then(() => restore.breakCalls(() => null))
          .catch(() => undefined);
        const result = await program.ended;
        await waits;
        const end = result.events.findLast(({ type }) => type === 'outcome') as
          | { status: string; runId: string }
          | undefined;
        expect(hits, about).toBeGreaterThan(0);
        endings.push([kind, fault, end?.status ?? 'none', String(result.exitCode)]);
        if (result.exitCode === 0) {
          const waited = (result.stdout + result.stderr).includes('is tried again for up to 30 minutes');
          expect(waited || isOptional(call), about).toBe(true);
          return;
        }
        expectTrueMessage(result, restore, source.bucket);
        const isRefused = end?.status === 'refused';
        expect(result.exitCode, `${about}: ${result.stderr}`).toBe(exitCodeOf(fault, isRefused));
        if (isRefused) {
          expect(result.stderr).toMatch(/Nothing was touched\.\s*$/);
          expect(await restore.isUntouched()).toBe(true);
          return;
        }
        expect(end?.status).toBe('failed');
        expect(result.stderr).toContain(`odo resume ${end?.runId}`);
        // What lies there cannot be started as if it were whole, and nobody says that it is.
        if (kind === 'range of the base backup')
          expect(existsSync(join(restore.data, 'global/pg_control')), about).toBe(false);
        const status = (await restore.status(end?.runId ?? '')).events[0];
        expect(status).toMatchObject({ status: 'failed' });
        restore.breakCalls(() => null);
        const resumed = await restore.resume(end?.runId ?? '');
        expect(resumed.exitCode, `${about}: ${resumed.stderr}`).toBe(0);
        expect(await source.read(restore.data)).toEqual(source.rows);
      });
    },
  );

  afterAll(() => {
    const rows = new Map<string, number>();
    for (const ending of endings) {
      const key = ending.join('\t');
      rows.set(key, (rows.get(key) ?? 0) + 1);
    }
    proof.figure(
      'calls that failed once',
      onceTable.reduce((sum, [, , count]) => sum + Number(count), 0),
    );
    proof.figure('calls from which on all failed', endings.length);
    proof.figure('planned faults that were not reached', notReached);
    proof.table({ head: ['every call once', 'backup', 'calls'], rows: onceTable });
    proof.table({
      head: ['for ever from a call on', 'fault', 'run', 'exit code', 'runs'],
      rows: [...rows].map(([key, count]) => [...key.split('\t'), String(count)]),
    });
  });
});
