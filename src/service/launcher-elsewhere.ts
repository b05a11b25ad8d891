import { OdoError } from '../errors/odo-error.ts';
import type { LauncherSpec, ServerLauncher } from './server-launcher.ts';

const notOurs = () => Promise.reject(new OdoError('BUG', 'A server that odo does not run was to be run.'));

/** Of a run that leaves recovery to a server elsewhere: there is nothing to launch, and nothing that could be left. */
export const elsewhereLauncher = ({
  pgdata,
}: Extract<LauncherSpec, { kind: 'elsewhere' }>): ServerLauncher => ({
  description: 'a server that odo does not run',
  paths: { dataDirectory: pgdata, workDirectory: pgdata, socketDirectory: pgdata },
  launch: notOurs,
  isRunning: () => Promise.resolve(false),
  psqlCommand: () => 'psql',
  runTool: notOurs,
  removeLeftovers: () => Promise.resolve(),
});
