import { OdoError } from '../../src/errors/odo-error.ts';
import { toErrorData } from '../../src/errors/serialize.ts';
import { type JournalDatabase, openJournal } from '../../src/journal/open.ts';
import { noEvidence } from '../../src/steps/drill-request.ts';
import { plainRequest } from './facts.ts';
import { drillRequest, recordDrill, recordRecovery, recordRun } from './recorded-run.ts';

const firstMs = Date.parse('2026-01-01T02:00:00Z');
/** Between two runs. */
const everyMs = 15 * 60_000;
/** Written in one transaction. */
const batch = 250;

/** Databases of which the journal has drills, in turn; every fifth run is a restore. */
export const drilledDatabases = ['orders', 'shop', 'billing', 'mail'] as const;

export const longMetricsFile = '/var/lib/node_exporter/odo.prom';

/**
 * A journal of so many runs as odo writes them: drills of four databases that passed, a failed one now and then,
 * restores that failed or were completed. Newest last. Not durable: nobody needs it after a power cut.
 */
export function writeLongJournal(file: string, runs: number): { readonly ids: readonly string[] } {
  const database = openJournal(file);
  try {
    database.pragma('synchronous = OFF');
    prepareOnce(database);
    const ids = Array.from({ length: runs }, (_, index) => idOf(index));
    const write = database.transaction((from: number) => {
      for (let index = from; index < Math.min(from + batch, runs); index++) recordOne(index);
    });
    for (let from = 0; from < runs; from += batch) write(from);
    return { ids };
  } finally {
    database.close();
  }

  function recordOne(index: number): void {
    const id = idOf(index);
    const startedAt = new Date(firstMs + index * everyMs).toISOString();
    const evidence = { ...noEvidence, metricsFile: longMetricsFile };
    if (index % 5 === 4) {
      const run = recordRun(database, { id, startedAt, request: { evidence } });
      if (index % 50 === 4) {
        run.fail('preflight', run.begin('preflight'), unreachable);
        run.status('failed', unreachable);
      } else {
        recordRecovery(run);
        run.status('completed');
      }
      return;
    }
    const name = drilledDatabases[index % drilledDatabases.length] ?? drilledDatabases[0];
    const request = {
      source: { ...plainRequest.source, url: `s3://backups/${name}` },
      drill: { ...drillRequest, database: name },
      evidence,
    };
    recordDrill(database, { id, startedAt, request, verdict: index % 100 === 0 ? 'failed' : 'passed' });
  }
}

/** A run prepares each of its statements for itself; of ten thousand that would take most of the time. */
function prepareOnce(database: JournalDatabase): void {
  const prepare = database.prepare.bind(database);
  const prepared = new Map<string, ReturnType<typeof prepare>>();
  database.prepare = ((sql: string) => {
    const known = prepared.get(sql) ?? prepare(sql);
    prepared.set(sql, known);
    return known;
  }) as typeof database.prepare;
}

const unreachable = toErrorData(new OdoError('ENGINE_UNREACHABLE', 'The engine did not answer.'));

/** As `newRunId` makes them, with a counter where that has random letters. */
function idOf(index: number): string {
  const stamp = new Date(firstMs + index * everyMs).toISOString().replace(/[-:]/g, '').slice(0, 15);
  return `${stamp.replace('T', '-')}-b${index.toString(36).padStart(3, '0')}`;
}
