/** One numbered change of the journal's schema. */
export interface Migration {
  readonly number: number;
  /** True when an odo that does not know this migration must not touch the journal. */
  readonly breaking: boolean;
  readonly sql: string;
}
