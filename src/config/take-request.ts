import type { ServerSpec, TakeRequest } from '../take/take-request.ts';
import { holdsPassword } from './conninfo-password.ts';
import type { LoadedSettings } from './load.ts';
import { list, madeChoices, sourceMissing, toService, toSource, usage } from './request.ts';
import { choices } from './schema.ts';

/** What `odo backup` is asked for. Throws USAGE with everything that does not fit together. */
export function toTakeRequest(loaded: LoadedSettings, cwd: string): TakeRequest {
  const { settings } = loaded;
  const problems: string[] = [];
  if (settings.url === null) problems.push(sourceMissing);
  const server = toServer(loaded, cwd, problems);
  if (problems.length > 0 || server === null) throw usage(problems, 'odo backup --help');
  return {
    target: toSource(loaded),
    server,
    compression: settings.compression,
    labels: Object.fromEntries((settings.label ?? []).map(labelOf)),
    retention: { keepLast: settings.keepLast, keepForMs: settings.keepFor },
  };
}

const labelOf = (label: string): [string, string] => {
  const at = label.indexOf('=');
  return [label.slice(0, at), label.slice(at + 1)];
};

function toServer(loaded: LoadedSettings, cwd: string, problems: string[]): ServerSpec | null {
  const { conninfo, local, pgBin } = loaded.settings;
  const made = madeChoices(loaded, choices.service);
  // A connection string says which server it is, wherever it runs.
  if (conninfo !== null && made.every((key) => key === 'conninfo' || key === 'local')) {
    if (holdsPassword(conninfo)) {
      problems.push('--conninfo holds a password: give it by PGPASSWORD or in ~/.pgpass instead');
      return null;
    }
    return { kind: 'local', binDir: pgBin, conninfo };
  }
  if (made.length === 0) {
    problems.push(
      'Say which server to back up: -n SERVICE -f FILE (Compose), --container NAME, --local or --conninfo',
    );
    return null;
  }
  if (conninfo !== null) {
    problems.push(`Choose one server: ${list(loaded, made)} were given`);
    return null;
  }
  if (local && made.length === 1) return { kind: 'local', binDir: pgBin, conninfo: null };
  const service = toService(loaded, cwd, problems);
  return service.kind === 'compose' || service.kind === 'container' ? service : null;
}
