/**
 * Images keep the server's programs in different places and not always in PATH (official,
 * CloudNativePG, PGDG and Bitnami ones); so a shell completes PATH and becomes the program.
 */
const script =
  'for d in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/bitnami/postgresql/bin /usr/local/bin /usr/local/pgsql/bin; do ' +
  'if [ -d "$d" ]; then PATH="$PATH:$d"; fi; done; export PATH; exec "$0" "$@"';

/** argv that runs one of PostgreSQL's programs in a container, as the process the engine started. */
export function containerArgv(program: string, args: readonly string[]): [string, ...string[]] {
  return ['/bin/sh', '-c', script, program, ...args];
}
