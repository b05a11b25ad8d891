import { OdoError } from '../errors/odo-error.ts';

const lsnPattern = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/;

/** True for `X/X`: two hexadecimal halves of 1 to 8 digits (pg_lsn.c, `pg_lsn_in_internal`). */
export function isLsn(text: string): boolean {
  return lsnPattern.test(text);
}

/**
 * A position in the WAL as one 64-bit number. Accepts the zero-padded low half that PostgreSQL 19 prints.
 * @throws FORMAT_UNKNOWN when `text` is not `X/X`
 */
export function parseLsn(text: string): bigint {
  const [, high, low] = lsnPattern.exec(text) ?? [];
  if (high === undefined || low === undefined) {
    throw new OdoError(
      'FORMAT_UNKNOWN',
      `${JSON.stringify(text.slice(0, 40))} is not a WAL position (LSN).`,
      {
        hint: 'A WAL position looks like 16/B374D848.',
      },
    );
  }
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}

/** As PostgreSQL 13 to 18 print it: upper case, no leading zeros (`%X/%X`). */
export function formatLsn(lsn: bigint): string {
  return `${(lsn >> 32n).toString(16)}/${(lsn & 0xffffffffn).toString(16)}`.toUpperCase();
}

/** Negative, zero or positive, for `sort`. */
export function compareLsn(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
