/** What a message says only half of: the other half stands in another line of the log. */
export type Question =
  /** It says that WAL ended too early; why, the reader of the WAL said before. */
  | 'why-wal-ended'
  /** It says that restore_command failed; what that says itself stands before it. */
  | 'why-not-restored'
  /** It says that the configuration has an error; which, was said before. */
  | 'what-is-misconfigured'
  /** It says that the server cannot listen; at what, and why, was said before. */
  | 'why-no-socket'
  /** It says that server and files do not fit; in what, the DETAIL says. */
  | 'what-does-not-fit';

/** A known message of the server (or of an image around it), and what it means. For people; plain data. */
export interface Symptom {
  /** Stable, for JSON and tests. */
  readonly id: string;
  /** As a person finds it in a log, shortened; alternatives with ` / `. */
  readonly says: string;
  /** Where not every major from 13 to 18 says it. */
  readonly since?: string;
  /** Found anywhere in a line; PostgreSQL 13 to 18, C locale. */
  readonly pattern: RegExp;
  readonly cause: string;
  /** What it means for the database or the run. */
  readonly consequence: string;
  readonly advice: string;
  /** What the server's own HINT recommends, and why that would do harm. */
  readonly notTheHint?: string;
  readonly asks?: Question;
  readonly answers?: Question;
  /**
   * Where it is as it should be:
   * - `end-of-wal`: behind the last record of the archive, where every recovery to the end meets it
   * - `asked`: the run itself told the server to do this
   * - `standby`: on a server that follows another one
   * - `restarted`: recovery went on after it had been stopped
   */
  readonly fineWhen?: 'end-of-wal' | 'asked' | 'standby' | 'restarted';
  /** The server goes on after it, with something wrong: to be told although nothing failed. */
  readonly goesOn?: true;
}
