/** What is planned for the configuration of the restored database. Plain JSON. */
export interface PlannedConfiguration {
  /** `--keep-config`: odo leaves it as the backup has it. */
  readonly isKept: boolean;
  /** Paths of the server that only the service's own container has, besides its data. */
  readonly serviceMounts: readonly string[];
}
