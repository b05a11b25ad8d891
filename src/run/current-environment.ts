import { cpus, hostname, release, totalmem, type } from 'node:os';
import type { Environment } from '../report/run-report.ts';
import { odoVersion } from './odo-version.ts';

/** Where this odo works; each process of a run writes it down, since a report may be made elsewhere. */
export const currentEnvironment = (): Omit<Environment, 'server'> => ({
  odoVersion,
  nodeVersion: process.versions.node,
  host: hostname(),
  system: `${type()} ${release()}`,
  cpus: cpus().length,
  memoryBytes: totalmem(),
});
