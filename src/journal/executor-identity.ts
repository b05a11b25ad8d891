/** Which process works on a run: enough to tell a dead one from one on another host. */
export interface ExecutorIdentity {
  readonly host: string;
  readonly bootId: string;
  readonly pid: number;
  /** Start time of the process in clock ticks since boot; distinguishes a reused pid. */
  readonly processStart: string;
  /** In which its pid counts; journals of an older odo do not have it. */
  readonly pidNamespace?: string | null;
  /** Id that the engine gave to its container; null outside of one, or where it cannot be seen. */
  readonly containerId?: string | null;
}
