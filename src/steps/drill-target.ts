import type { RestoreRequest } from './restore-request.ts';

/** A drill's target belongs to its run alone, so that two drills never meet. The request of a restore stays as it is. */
export function withOwnTarget(request: RestoreRequest, runId: string): RestoreRequest {
  const { target } = request;
  if (request.drill == null) return request;
  switch (target.kind) {
    case 'data-directory':
      return { ...request, target: { ...target, path: `${target.path}-${runId}` } };
    case 'volume':
    case 'new-volume':
      return { ...request, target: { kind: 'new-volume', name: `${target.name}-${runId}`, present: null } };
  }
}
