/** A page that pg_checksums found wrong. */
export interface ChecksumsLine {
  /** As pg_checksums was given the data directory: absolute, or relative. */
  readonly path: string;
  /** Counted in its file, not over the segments of the relation. */
  readonly blockInFile: number;
  readonly expected: number;
  readonly found: number;
}

export interface ChecksumsOutput {
  readonly pages: number;
  readonly wrong: readonly ChecksumsLine[];
}

const wrongLine =
  /checksum verification failed in file "(.+)", block (\d+): calculated checksum ([0-9A-F]+) but block contains ([0-9A-F]+)/;

/** What `pg_checksums --check` of 13 to 18 wrote (pg_checksums.c, C locale); null when it did not come to its end. */
export function parseChecksumsOutput(stdout: string, stderr: string): ChecksumsOutput | null {
  const pages = /^Blocks scanned: +(\d+)$/m.exec(stdout)?.[1];
  if (pages === undefined || !/^Bad checksums: +\d+$/m.test(stdout)) return null;
  const wrong = stderr.split('\n').flatMap((line): ChecksumsLine[] => {
    const [, path, block, found, expected] = wrongLine.exec(line) ?? [];
    if (path === undefined || found === undefined || expected === undefined) return [];
    return [
      {
        path,
        blockInFile: Number(block),
        found: Number.parseInt(found, 16),
        expected: Number.parseInt(expected, 16),
      },
    ];
  });
  return { pages: Number(pages), wrong };
}

/** The file that ends inside a page, at which pg_checksums gives up. */
export const cutFileOf = (stderr: string): string | null =>
  /could not read block \d+ in file "(.+)": read \d+ of \d+/.exec(stderr)?.[1] ?? null;
