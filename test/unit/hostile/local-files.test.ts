import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Database from 'better-sqlite3';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadSettings } from '../../../src/config/load.ts';
import { settingKeys } from '../../../src/config/schema.ts';
import type { ErrorCode } from '../../../src/errors/codes.ts';
import { errorCode } from '../../../src/errors/odo-error.ts';
import { toErrorData } from '../../../src/errors/serialize.ts';
import { listAttemptHistory } from '../../../src/journal/attempts.ts';
import { findSnapshot, listEvents, listResources } from '../../../src/journal/history.ts';
import { openJournal, openJournalForReading } from '../../../src/journal/open.ts';
import { findRun, listRunRecords } from '../../../src/journal/runs.ts';
import { listSamples } from '../../../src/journal/samples.ts';
import { findSeekIndex, listTrail } from '../../../src/journal/seek-indexes.ts';
import { findStep, lastCheckpoint } from '../../../src/journal/steps.ts';
import { planDocument, readPlanFile } from '../../../src/run/plan-file.ts';
import { planDigest } from '../../../src/steps/plan-digest.ts';
import { samplePlan } from '../../../tools/sample-events.ts';
import { plainRequest } from '../../support/facts.ts';
import { changed, isRead } from './hostile-inputs.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'odo-hostile-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Each of these is a file that is written and read again. */
const files = 1000;

describe('odo.yaml', () => {
  const settings = [
    'url: s3://backups/pg',
    'endpoint: https://s3.example.com',
    'jobs: 8',
    'assert:',
    '  - name: orders are there',
    '    sql: select count(*) > 0 from orders',
    'databases:',
    '  orders: &orders',
    '    url: s3://backups/orders',
    '    volume: orders-pgdata',
    '  billing:',
    '    <<: *orders',
    '    server: billing',
    '',
  ].join('\n');
  const load = () =>
    loadSettings({
      flags: {},
      env: {},
      cwd: folder,
      keys: settingKeys,
      clock: { nowMs: 0, timeZone: 'UTC' },
      database: 'orders',
    });
  const readText = (text: string) => {
    writeFileSync(join(folder, 'odo.yaml'), text);
    return load();
  };
  const refusals: readonly ErrorCode[] = ['CONFIG_INVALID'];

  it(`is read or refused in ${files} changed forms`, () => {
    const words = [
      '&a',
      '*a',
      '*orders',
      '<<: ',
      '!!binary ',
      '? ',
      '- ',
      '{',
      '[',
      '|',
      '>',
      '%YAML 9',
      '---',
    ];
    const more = ['!!js/function ', '__proto__: 1', '!!set {a}', '? {a: 1}', '"', ': ', '0x', '.inf', '\t'];
    const text = changed([settings], [...words, ...more]);
    fc.assert(
      fc.property(text, (one) => void isRead(one, readText, refusals)),
      { numRuns: files },
    );
  });

  it.each([
    ['aliases of aliases (a billion laughs)', bomb()],
    ['an alias of itself', 'url: &a [*a]\n'],
    ['an alias of nothing', 'url: *nobody\n'],
    ['deep nesting', `url: ${'['.repeat(20_000)}${']'.repeat(20_000)}\n`],
    ['deep nesting by lines', Array.from({ length: 2000 }, (_, i) => `${' '.repeat(i)}a:\n`).join('')],
    ['bytes', '\0\u0001\ufeff\ud800'],
    ['a list', '- url\n'],
    ['a name that is a list', '? [url, jobs]\n: 1\n'],
  ])('is refused as %s', (_, text) => {
    expect(isRead(text, readText, refusals)).toBe(false);
  });

  function bomb(): string {
    const levels = Array.from({ length: 12 }, (_, i) => {
      const value = i === 0 ? '"lol"' : `[${Array.from({ length: 10 }, () => `*a${i - 1}`).join(', ')}]`;
      return `  - &a${i} ${value}\n`;
    });
    return `url:\n${levels.join('')}`;
  }
});

describe('a plan file', () => {
  const plan = { ...samplePlan, digest: planDigest(samplePlan) };
  const content = { request: plainRequest, plan, problems: [], settings: [], exitCode: 0 };
  const codes: readonly ErrorCode[] = ['PLAN_INVALID', 'PLAN_INCOMPATIBLE'];

  it(`is refused in ${files} changed forms`, async () => {
    const file = join(folder, 'plan.json');
    const whole = JSON.stringify(planDocument(content));
    const words = ['null', '{}', '[]', '-1', '1e999', '"', '}', '{"__proto__":1}', '\\u0000'];
    await fc.assert(
      fc.asyncProperty(changed([whole], words), async (text) => {
        writeFileSync(file, text);
        const error: unknown = await readPlanFile(file).then(
          () => null,
          (failure: unknown) => failure,
        );
        if (error !== null) expect(codes).toContain(errorCode(error));
        // Only what says the same in other words.
        else expect(JSON.parse(text)).toEqual(JSON.parse(whole));
      }),
      { numRuns: files },
    );
  });

  it.each([
    ['no plan', { plan: 5 }],
    ['no problems', { problems: [null], plan: null }],
    ['no version', { odoVersion: '0' }],
  ])('with a right checksum is refused all the same: %s', async (_, change) => {
    const file = join(folder, 'signed.json');
    writeFileSync(file, JSON.stringify(planDocument({ ...content, ...(change as object) })));
    if ('odoVersion' in change) {
      const { checksum: _checksum, ...rest } = planDocument(content);
      writeFileSync(file, JSON.stringify({ ...rest, ...change, checksum: 'x' }));
    }
    const error: unknown = await readPlanFile(file).then(
      () => null,
      (failure: unknown) => failure,
    );
    expect(codes).toContain(errorCode(error));
  });
});

describe('a journal', () => {
  const journal = () => {
    const file = join(folder, `journal-${Math.floor(performance.now() * 1000)}.sqlite`);
    const database = openJournal(file);
    database.exec(`
      INSERT INTO run (id, status, kind, request, odo_version, machine_version, started_at_ms, error, lease_executor, lease_expires_at_ms)
        VALUES ('r', 'running', 'restore', '{}', '0', 1, 0, '{}', '{}', 1);
      INSERT INTO step (run_id, name, instance, version, state, input, input_hash, output, intended_at_ms)
        VALUES ('r', 's', '', 1, 'completed', '{}', '', '{}', 0);
      INSERT INTO step_attempt (run_id, name, instance, number, executor, epoch, started_at_ms, error)
        VALUES ('r', 's', '', 1, '{}', 1, 0, '{}');
      INSERT INTO checkpoint (run_id, name, instance, sequence, saved_at_ms, progress, data)
        VALUES ('r', 's', '', 1, 0, 0, '{}');
      INSERT INTO snapshot (run_id, sequence, machine_version, saved_at_ms, data) VALUES ('r', 1, 1, 0, '{}');
      INSERT INTO resource (run_id, kind, name, details, state, recorded_at_ms) VALUES ('r', 'k', 'n', '{}', 'intended', 0);
      INSERT INTO event (run_id, at_ms, data) VALUES ('r', 0, '{}');
      INSERT INTO sample (run_id, phase, at_ms, data) VALUES ('r', 'p', 0, '{}');
      INSERT INTO seek_trail (run_id, name, instance, sequence, data) VALUES ('r', 's', '', 1, '{}');
      INSERT INTO seek_index (store, key, saved_at_ms, data) VALUES ('st', 'k', 0, '{}');
    `);
    return { file, database };
  };
  type Journal = ReturnType<typeof openJournal>;
  const readers: readonly (readonly [table: string, column: string, read: (database: Journal) => unknown])[] =
    [
      ['run', 'request', (database) => findRun(database, 'r')],
      ['run', 'error', (database) => listRunRecords(database, 10)],
      ['run', 'lease_executor', (database) => findRun(database, 'r')],
      ['step', 'input', (database) => findStep(database, 'r', 's', '')],
      ['step', 'output', (database) => findStep(database, 'r', 's', '')],
      ['step_attempt', 'error', (database) => listAttemptHistory(database, 'r')],
      ['checkpoint', 'data', (database) => lastCheckpoint(database, 'r', 's', '')],
      ['snapshot', 'data', (database) => findSnapshot(database, 'r')],
      ['resource', 'details', (database) => listResources(database, 'r')],
      ['event', 'data', (database) => listEvents(database, 'r')],
      ['sample', 'data', (database) => listSamples(database, 'r')],
      ['seek_trail', 'data', (database) => listTrail(database, { runId: 'r', name: 's', instance: '' })],
      ['seek_index', 'data', (database) => findSeekIndex(database, { store: 'st', key: 'k' })],
    ];

  it.each(readers)('with a %s whose %s is damaged says so', (table, column, read) => {
    const { file, database } = journal();
    expect(() => read(database)).not.toThrow();
    for (const text of ['', '{', '{"a":', 'undefined', '\0', '{"a":1}x']) {
      database.prepare(`UPDATE ${table} SET ${column} = ?`).run(text);
      expect(isRead(database, read, ['JOURNAL_FAILED']), JSON.stringify(text)).toBe(false);
    }
    database.close();
    rmSync(file);
  });

  it('whose file is damaged anywhere is read or refused, never taken for a bug', () => {
    const { file, database } = journal();
    database.pragma('wal_checkpoint(TRUNCATE)');
    database.close();
    const whole = readFileSync(file);
    const damaged = join(folder, 'damaged.sqlite');
    let refused = 0;
    for (let at = 0; at < whole.length; at += 509) {
      const bytes = Buffer.from(whole);
      bytes.fill(0xa5, at, Math.min(bytes.length, at + 48));
      writeFileSync(damaged, bytes);
      for (const end of ['-wal', '-shm']) rmSync(damaged + end, { force: true });
      let opened: Database.Database | null = null;
      try {
        opened = openJournalForReading(damaged);
        for (const [, , read] of readers) read(opened!);
      } catch (error) {
        refused++;
        expect(['JOURNAL_FAILED', 'JOURNAL_INCOMPATIBLE']).toContain(toErrorData(error).code);
      } finally {
        opened?.close();
      }
    }
    expect(refused).toBeGreaterThan(3);
  });
});
