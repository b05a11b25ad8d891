/** What a file of `pg_wal` or of a WAL archive is, by its name. */
export type WalFileKind = 'segment' | 'partial' | 'history' | 'backup-label';

export interface WalFileName {
  readonly kind: WalFileKind;
  /** Without compression suffix: what PostgreSQL calls the file. */
  readonly name: string;
  readonly timeline: number;
  /** For a partial segment or a backup label: the 24 digits in front. */
  readonly segment: string | null;
  /** Compression suffix as found (`.gz`), empty when there is none. */
  readonly suffix: string;
}

const suffixPattern = /\.(?:gz|bz2|snappy|xz|zst|lz4|br|lzma|lzo)$/;
const namePattern = /^([0-9A-F]{8})(?:([0-9A-F]{16})(\.[0-9A-F]{8}\.backup|\.partial)?|(\.history))$/;

/**
 * Reads the last component of a key or path; null when it is nothing PostgreSQL would have archived.
 * Names: xlog_internal.h `IsXLogFileName`, `IsPartialXLogFileName`, `IsTLHistoryFileName`, `IsBackupHistoryFileName`;
 * suffixes: those that barman-cloud-wal-archive and WAL-G write.
 */
export function parseWalFileName(fileName: string): WalFileName | null {
  const suffix = suffixPattern.exec(fileName)?.[0] ?? '';
  const name = fileName.slice(0, fileName.length - suffix.length);
  const [, timeline, position, tail, history] = namePattern.exec(name) ?? [];
  if (timeline === undefined) return null;
  const kind =
    history !== undefined
      ? 'history'
      : tail === undefined
        ? 'segment'
        : tail === '.partial'
          ? 'partial'
          : 'backup-label';
  return {
    kind,
    name,
    timeline: Number.parseInt(timeline, 16),
    segment: position === undefined ? null : timeline + position,
    suffix,
  };
}
