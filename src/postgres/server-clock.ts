/** 2000-01-01 UTC, where the server's clock begins (datatype/timestamp.h, POSTGRES_EPOCH_JDATE). @unit microseconds since 1970 */
const epochMicros = 946_684_800_000_000n;

/** A time in WAL as microseconds since 1970. */
export const fromServerClock = (time: bigint): bigint => time + epochMicros;

/** Microseconds since 1970 as the server counts them. */
export const toServerClock = (micros: bigint): bigint => micros - epochMicros;
