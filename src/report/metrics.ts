import type { ProofItem, RunReport } from './run-report.ts';

/** The latest run of one source, as Prometheus shall see it. */
interface MeteredRun {
  readonly report: RunReport;
  /** When the last one of the same source that passed had ended; null: none did. */
  readonly lastSuccessAt: string | null;
}

interface Family {
  /** Behind `odo_drill_` or `odo_restore_`. */
  readonly name: string;
  readonly help: string;
  readonly samples: (run: MeteredRun) => readonly MetricSample[];
}

interface MetricSample {
  readonly labels?: Readonly<Record<string, string>>;
  /** Null: not known, and left out. */
  readonly value: number | null;
}

const secondsOf = (ms: number | null): number | null => (ms === null ? null : ms / 1000);
const timeOf = (rfc3339: string | null): number | null =>
  rfc3339 === null ? null : Date.parse(rfc3339) / 1000;

const one =
  (value: (run: MeteredRun) => number | null): Family['samples'] =>
  (run) => [{ value: value(run) }];

const families: readonly Family[] = [
  {
    name: 'success',
    help: 'Whether the latest run passed: 1, or 0 when it failed or could not be finished.',
    samples: one(({ report }) => (report.verdict === 'passed' ? 1 : 0)),
  },
  {
    name: 'run_timestamp_seconds',
    help: 'When the latest run ended.',
    samples: one(({ report }) => timeOf(report.endedAt ?? report.startedAt)),
  },
  {
    name: 'last_success_timestamp_seconds',
    help: 'When the latest run that passed had ended.',
    samples: one(({ lastSuccessAt }) => timeOf(lastSuccessAt)),
  },
  {
    name: 'rto_seconds',
    help: 'From the request to a database that answers queries, without pauses.',
    samples: one(({ report }) => secondsOf(report.measures.rtoMs)),
  },
  {
    name: 'rto_limit_seconds',
    help: 'Longest recovery time that is allowed.',
    samples: one(({ report }) => secondsOf(report.measures.maxRtoMs)),
  },
  {
    name: 'rpo_seconds',
    help: 'Age of the last recovered commit when the run began.',
    samples: one(({ report }) => secondsOf(report.measures.rpoMs)),
  },
  {
    name: 'rpo_limit_seconds',
    help: 'Greatest age of the last recovered commit that is allowed.',
    samples: one(({ report }) => secondsOf(report.measures.maxRpoMs)),
  },
  {
    name: 'behind_archive_seconds',
    help: 'How far the last recovered commit lies behind the last one in the archive.',
    samples: one(({ report }) => secondsOf(report.measures.behindArchiveMs)),
  },
  {
    name: 'phase_duration_seconds',
    help: 'How long a phase was worked on, all of its attempts together.',
    samples: ({ report }) => phaseSamples(report),
  },
  {
    name: 'stored_bytes',
    help: 'Read from the store for the base backup.',
    samples: one(({ report }) => report.measures.storedBytes),
  },
  {
    name: 'restored_bytes',
    help: 'Written to the target.',
    samples: one(({ report }) => report.measures.restoredBytes),
  },
  {
    name: 'wal_bytes',
    help: 'WAL that was replayed.',
    samples: one(({ report }) => report.measures.walBytes),
  },
  {
    name: 'interruptions',
    help: 'How often the run was interrupted and resumed.',
    samples: one(({ report }) => report.measures.interruptions),
  },
  {
    name: 'proofs',
    help: 'What was proved and disproved, by outcome.',
    samples: ({ report }) => proofSamples(report),
  },
  {
    name: 'info',
    help: 'Which run it was, and of which backup; always 1.',
    samples: ({ report }) => [
      {
        labels: {
          run_id: report.runId,
          verdict: report.verdict,
          backup: report.source.backup ?? '',
          odo_version: report.environment.odoVersion,
        },
        value: 1,
      },
    ],
  },
];

function phaseSamples({ phases }: RunReport): MetricSample[] {
  const sums = new Map<string, number>();
  for (const { phase, startedAt, endedAt } of phases) {
    if (endedAt === null) continue;
    sums.set(phase, (sums.get(phase) ?? 0) + (Date.parse(endedAt) - Date.parse(startedAt)));
  }
  return [...sums].map(([phase, ms]) => ({ labels: { phase }, value: ms / 1000 }));
}

const outcomes = ['passed', 'failed', 'skipped', 'not-reached'] as const satisfies ProofItem['outcome'][];

/** All of them, so that a first failure is a change from 0 and no new series. */
const proofSamples = ({ proofs }: RunReport): MetricSample[] =>
  outcomes.map((outcome) => ({
    labels: { outcome },
    value: proofs.filter((proof) => proof.outcome === outcome).length,
  }));

/**
 * The text format of Prometheus (version 0.0.4), for the textfile collector of the node exporter: each family once, with
 * all runs in it. Without timestamps, which that collector refuses.
 */
export function reportMetrics(runs: readonly MeteredRun[]): string {
  return (['drill', 'restore'] as const)
    .flatMap((kind) => {
      const ofKind = runs.filter(({ report }) => report.kind === kind);
      return families.flatMap((family) => familyLines(`odo_${kind}_${family.name}`, family, ofKind));
    })
    .map((line) => `${line}\n`)
    .join('');
}

function familyLines(name: string, { help, samples }: Family, runs: readonly MeteredRun[]): string[] {
  const lines = runs.flatMap((run) =>
    samples(run).flatMap(({ labels = {}, value }) =>
      value === null || !Number.isFinite(value)
        ? []
        : [`${name}${labelText({ ...identity(run.report), ...labels })} ${value}`],
    ),
  );
  return lines.length === 0 ? [] : [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, ...lines];
}

/** An empty label is none to Prometheus. */
const identity = ({ source, database }: RunReport): Record<string, string> => ({
  source: source.url,
  database: database ?? '',
});

const labelText = (labels: Readonly<Record<string, string>>): string =>
  `{${Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(',')}}`;

const escaped = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
