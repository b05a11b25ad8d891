/** `postmaster.pid` in the data directory (miscadmin.h, LOCK_FILE_LINE_*; utils/pidfile.h). */
export interface PostmasterFile {
  readonly pid: number;
  readonly port: number;
  /** First of its socket directories; null when it has none. */
  readonly socketDirectory: string | null;
  /** `*`, an address, or null when it does not listen on TCP. */
  readonly listenAddress: string | null;
  /** `starting`, `stopping`, `ready`, `standby`; null from a server that has not said yet. */
  readonly status: string | null;
}

/** Null while it is not complete: a server writes it line by line as it starts. */
export function parsePostmasterFile(text: string): PostmasterFile | null {
  const lines = text.split('\n').map((line) => line.trim());
  const [pid, port] = [Number(lines[0]), Number(lines[3])];
  // Negative in single-user mode, which answers nobody.
  if (!Number.isInteger(pid) || pid <= 0 || !Number.isInteger(port) || port <= 0) return null;
  return {
    pid,
    port,
    socketDirectory: lines[4] || null,
    listenAddress: lines[5] || null,
    status: lines[7] || null,
  };
}

/** Arguments of psql and pg_isready that reach this server; null when it takes no connections at all. */
export function connectionArguments(file: PostmasterFile): string[] | null {
  const { socketDirectory, listenAddress, port } = file;
  const anyAddress = listenAddress === '*' || listenAddress === '0.0.0.0' ? '127.0.0.1' : listenAddress;
  const host = socketDirectory ?? (anyAddress === '::' ? '::1' : anyAddress);
  return host === null ? null : ['-h', host, '-p', String(port)];
}
