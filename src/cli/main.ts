import type { CliApi } from './context.ts';
import { processHost } from './process-host.ts';
import { runProgram } from './program.ts';

/** Each part is loaded when a command needs it: the S3 and container clients take longer to load than --help may. */
export const api: CliApi = {
  startRun: async (...given) => (await import('../run/executor.ts')).startRun(...given),
  resumeRun: async (...given) => (await import('../run/executor.ts')).resumeRun(...given),
  planRun: async (...given) => (await import('../run/executor.ts')).planRun(...given),
  promoteRun: async (...given) => (await import('../run/executor.ts')).promoteRun(...given),
  abandonRun: async (...given) => (await import('../run/executor.ts')).abandonRun(...given),
  watchRun: async (...given) => (await import('../run/watch-run.ts')).watchRun(...given),
  readStatus: async (...given) => (await import('../run/status.ts')).readStatus(...given),
  listRuns: async (...given) => (await import('../run/status.ts')).listRuns(...given),
  listRunNames: async (...given) => (await import('../run/status.ts')).listRunNames(...given),
  backUp: async (...given) => (await import('../run/back-up.ts')).backUp(...given),
  listAvailableBackups: async (...given) =>
    (await import('../run/available-backups.ts')).listAvailableBackups(...given),
  inspectAvailableBackup: async (...given) =>
    (await import('../run/available-backups.ts')).inspectAvailableBackup(...given),
  listAvailableServers: async (...given) =>
    (await import('../run/available-backups.ts')).listAvailableServers(...given),
  lookAtCompose: async (request) => (await import('../run/look-at-compose.ts')).lookAtCompose(request),
  drillDatabases: async (...given) => (await import('../run/drill-databases.ts')).drillDatabases(...given),
  parallelFor: async (asked) => (await import('../run/limits/shared-host.ts')).parallelFor(asked),
  examine: async (...given) => (await import('../run/doctor/examine.ts')).examine(...given),
  makeReport: async (...given) => (await import('../run/make-report.ts')).makeReport(...given),
};

export const main = (argv: readonly string[]): Promise<number> => runProgram(argv, api, processHost());
