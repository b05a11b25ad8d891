/** Which process works on a run: enough to tell a dead one from one on another host. */
export interface ExecutorIdentity {
  readonly host: string;
  readonly bootId: string;
  readonly pid: number;
  /** Start time of the process in clock ticks since boot; distinguishes a reused pid. */
  readonly processStart: string;
}
