/** Majors whose file formats odo knows. */
export const supportedMajors = [13, 14, 15, 16, 17, 18] as const;

/** CATALOG_VERSION_NO (catversion.h): the second number in a tablespace's `PG_<major>_<catalog version>` folder. */
const catalogVersions = new Map([
  [201707211, 10],
  [201809051, 11],
  [201909212, 12],
  [202007201, 13],
  [202107181, 14],
  [202209061, 15],
  [202307071, 16],
  [202406281, 17],
  [202506291, 18],
]);

/** XLOG_PAGE_MAGIC (xlog_internal.h). */
const walMagics = new Map([
  [0xd097, 10],
  [0xd098, 11],
  [0xd101, 12],
  [0xd106, 13],
  [0xd10d, 14],
  [0xd110, 15],
  [0xd113, 16],
  [0xd116, 17],
  [0xd118, 18],
]);

export function isSupportedMajor(major: number): boolean {
  return supportedMajors.some((known) => known === major);
}

/** 150018 is 15; null for a number that is no `server_version_num`. Before 10 two numbers made a major: 90624 is 9. */
export function majorOfVersionNumber(versionNumber: number): number | null {
  return Number.isInteger(versionNumber) && versionNumber >= 90000 ? Math.floor(versionNumber / 10000) : null;
}

/** 150018 is `15.18`, 90624 is `9.6.24`. */
export function formatVersionNumber(versionNumber: number): string {
  const major = Math.floor(versionNumber / 10000);
  return major >= 10
    ? `${major}.${versionNumber % 10000}`
    : `${major}.${Math.floor(versionNumber / 100) % 100}.${versionNumber % 100}`;
}

/** The major in a `PG_VERSION` file (`17\n`); null when it is not one. */
export function parsePgVersion(text: string): number | null {
  const [, major] = /^(\d{1,3})(?:\.\d+)?\s*$/.exec(text) ?? [];
  return major === undefined ? null : Number(major);
}

/** The major in `PG_15_202209061`; null when the name is not such a folder's. */
export function majorOfTablespaceFolder(name: string): number | null {
  const [, major] = /^PG_(\d{1,3})_\d{9}$/.exec(name) ?? [];
  return major === undefined ? null : Number(major);
}

export function majorOfCatalogVersion(catalogVersion: number): number | null {
  return catalogVersions.get(catalogVersion) ?? null;
}

export function majorOfWalMagic(magic: number): number | null {
  return walMagics.get(magic) ?? null;
}

/** Null for a major that odo does not know. */
export function magicOfMajor(major: number): number | null {
  return [...walMagics].find(([, known]) => known === major)?.[0] ?? null;
}

/** The official image of a major; any minor of it reads the backup. */
export function officialImage(major: number): string {
  return `postgres:${major}`;
}
