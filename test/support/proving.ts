import type { ServerProcess } from '../../src/service/server-launcher.ts';
import type { Assertion, DrillRequest } from '../../src/steps/drill-request.ts';
import type { Proof, ProofResult, Proving } from '../../src/steps/proof/proof.ts';
import type { StepContext } from '../../src/steps/step.ts';

/** 2026-11-28 00:15:11 UTC. */
export const drillRunId = '20261128-001511-k3f9';

/** What a proof gets, of a server that a test started or made up. */
export function provingOf(
  server: Pick<ServerProcess, 'query' | 'runClient'>,
  options: {
    superuser?: string;
    databases?: readonly string[];
    serverMajor?: number;
    systemIdentifier?: string | null;
    drill?: Partial<DrillRequest>;
  } = {},
): Proving {
  const { superuser = 'postgres', databases = ['app', 'postgres'], serverMajor = 15 } = options;
  const context: Partial<StepContext> = {
    runId: drillRunId,
    signal: new AbortController().signal,
    plan: () =>
      ({
        serverMajor,
        contents: { backup: { systemIdentifier: options.systemIdentifier ?? null } },
        drill: { amcheck: 'heapallindexed', dump: false, assertions: [], ...options.drill },
      }) as unknown as ReturnType<StepContext['plan']>,
    ports: { cores: () => 2 } as StepContext['ports'],
  };
  return {
    context: context as StepContext,
    server: server as ServerProcess,
    superuser,
    databases,
  };
}

export const prove = (proof: Proof, proving: Proving): Promise<ProofResult> =>
  proof.run(proving, proving.context.signal);

export const assertion = (
  sql: string,
  expect: Assertion['expect'],
  more: Partial<Assertion> = {},
): Assertion => ({ name: 'orders', database: null, sql, expect, timeoutMs: 15_000, ...more });
