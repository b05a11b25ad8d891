/** A file of pages: one segment of one fork of a table, index, sequence or the like. */
export interface RelationFile {
  /** Null for the cluster's own, in `global`. */
  readonly databaseOid: number | null;
  readonly fileNode: number;
  readonly fork: 'main' | 'fsm' | 'vm' | 'init';
  /** 0 for the file without a suffix. */
  readonly segment: number;
}

// Below a tablespace's link (manual, "Database File Layout"), or where its own archive begins.
const directory = /^(?:global|(?:base|(?:pg_tblspc\/\d+\/)?PG_[^/]+_\d+)\/([1-9]\d{0,9}))\//;
const name = /^([1-9]\d{0,9})(?:_(fsm|vm|init))?(?:\.([1-9]\d{0,9}))?$/;

const largestOid = 0xffff_ffff;

/**
 * What a path relative to the data directory, or in a tablespace's own archive, is of a relation (relpath.c; reinit.c,
 * `parse_filename_for_nontemp_relation`). Null for everything else: pg_control, pg_filenode.map, SLRUs, WAL, settings,
 * and temporary relations (`t3_16384`), which no backup holds and the server removes.
 */
export function parseRelationFile(path: string): RelationFile | null {
  const place = directory.exec(path);
  if (place === null) return null;
  const parts = name.exec(path.slice(place[0].length));
  if (parts === null) return null;
  const databaseOid = place[1] === undefined ? null : Number(place[1]);
  const [fileNode, segment] = [Number(parts[1]), Number(parts[3] ?? 0)];
  if (Math.max(databaseOid ?? 0, fileNode, segment) > largestOid) return null;
  return { databaseOid, fileNode, fork: (parts[2] ?? 'main') as RelationFile['fork'], segment };
}

const segmentBytes = 1024 * 1024 * 1024;

/**
 * Number of the first block in a segment: what its checksum is mixed with.
 * @param blocksPerSegment RELSEG_SIZE; segments have 1 GiB unless the server was built otherwise
 */
export function firstBlockOf(
  file: RelationFile,
  pageBytes: number,
  blocksPerSegment: number = segmentBytes / pageBytes,
): number {
  return file.segment * blocksPerSegment;
}
