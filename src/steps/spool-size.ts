import { type RecoveryRequest, recoveryDefaults } from './restore-request.ts';

/** Most segments that wait for their replay, those on their way too. At least one, however large it is. */
export function spoolSegments(
  { recovery = recoveryDefaults }: { readonly recovery?: Pick<RecoveryRequest, 'spoolBytes'> },
  { segmentBytes }: { readonly segmentBytes: number },
): number {
  return Math.max(1, Math.floor(recovery.spoolBytes / segmentBytes));
}
